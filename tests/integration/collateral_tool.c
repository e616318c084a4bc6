/*
 * The cache of collateral by hand, for test_collateral.py, and evidence to ask it with.
 *
 *     collateral_tool intel FOLDER sgx3|tdx4 ISSUE_DATE EVALUATION [processor]
 *     collateral_tool amd FOLDER milan|genoa|turin [vlek] [version2]
 *         write evidence.bin, the collateral under its file names, and pin.txt
 *     collateral_tool get|refresh CACHE BASE_URL NOW EVIDENCE OUT [OPTION...]
 *         pcs          the base is Intel's PCS: with "update", with its own place for the root CRL
 *         azure        the base is Azure's cache, and the VM's metadata service
 *         root-crl     the root's list is also where Intel's PCS has it
 *         offline      ask nobody
 *         has-leaf     as if the evidence brought its AMD leaf
 *         ca=FILE, timeout=MS, attempts=N
 *         verify=FILE  verify the evidence under this pin, with the memory of what was seen
 *         one JSON object: status, detail, notes; what was found is in the folder OUT
 *     collateral_tool churn FILE OTHER_FILE ENTRY
 *         writes an entry of the cache with one list, then the other, until it is killed
 *     collateral_tool entry ENTRY
 *         exits 0 when the entry is whole
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/collateral/cache.h"
#include "host/collateral/cache_entry.h"
#include "host/collateral/seen.h"
#include "host/files/files.h"
#include "relying/verify/evidence.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"
#include "tcb/wire/text.h"

enum { FILE_BYTES = 4 * 1024 * 1024 };

typedef struct options {
    bool is_pcs, has_root_crl, is_azure, is_offline, is_refresh, has_leaf;
    const char *pin;
    cof_http_client_options http;
} options;

static void die(const char *what)
{
    (void)fprintf(stderr, "collateral_tool: %s\n", what);
    exit(70);
}

static void need_ok(cof_status status, const cof_err *err)
{
    if (status != COF_OK) {
        die(err->detail);
    }
}

static void put(const char *folder, const char *name, cof_view bytes)
{
    cof_path path;
    cof_err err = {0};
    need_ok(cof_path_format(&path, &err, "%s/%s", folder, name), &err);
    need_ok(cof_write_file(path.text, bytes, 0600, &err), &err);
}

static void put_items(const char *folder, const cof_collateral *items)
{
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(items, item);
        if (bytes.size > 0) {
            put(folder, cof_collateral_file_name(item), bytes);
        }
    }
}

static void put_pin(const char *folder, const cof_root_pin *pin)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&pin->spki, text);
    put(folder, "pin.txt", cof_view_text(text));
}

static void get_file(const char *path, cof_buf *out)
{
    cof_err err = {0};
    cof_buf_init(out, FILE_BYTES);
    need_ok(cof_read_file(path, out, &err), &err);
}

/* ---- evidence ---- */

static void make_intel(int argc, char **argv)
{
    const intel_rig_document document = {.issue_date = argv[4][0] != '\0' ? argv[4] : NULL,
                                         .evaluation_number = (uint32_t)atoi(argv[5])};
    const intel_rig_options rig_options = {.form = strcmp(argv[3], "tdx4") == 0 ? INTEL_RIG_TDX_V4
                                                                                : INTEL_RIG_SGX_V3,
                                           .platform = {.is_processor_ca = argc > 6},
                                           .tcb = {.document = document},
                                           .identity = {.document = document}};
    intel_rig rig;
    cof_err err = {0};
    need_ok(intel_rig_make(&rig, &rig_options, &err), &err);
    put(argv[2], "evidence.bin", cof_buf_view(&rig.quote));
    put_items(argv[2], &rig.collateral);
    put_pin(argv[2], &rig.pin);
    intel_rig_free(&rig);
}

static void make_amd(int argc, char **argv)
{
    static const char *const products[] = {"none", "milan", "genoa", "turin"};
    amd_rig_options rig_options = {0};
    amd_rig rig;
    cof_err err = {0};
    for (cof_snp_product product = COF_SNP_MILAN; product <= COF_SNP_TURIN; product++) {
        if (strcmp(argv[3], products[product]) == 0) {
            rig_options.product = product;
        }
    }
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "vlek") == 0) {
            rig_options.signer = COF_SNP_VLEK;
        } else {
            rig_options.report.version = 2;
        }
    }
    need_ok(amd_rig_make(&rig, &rig_options, &err), &err);
    put(argv[2], "evidence.bin", cof_buf_view(&rig.report));
    put_items(argv[2], &rig.collateral);
    amd_rig_free(&rig);
}

/* ---- the cache ---- */

static const char *value_of(const char *argument, const char *name)
{
    const size_t size = strlen(name);
    return strncmp(argument, name, size) == 0 ? argument + size : NULL;
}

static void read_option(const char *argument, options *out)
{
    const char *value = NULL;
    out->is_pcs = out->is_pcs || strcmp(argument, "pcs") == 0;
    out->has_root_crl = out->has_root_crl || strcmp(argument, "root-crl") == 0;
    out->is_azure = out->is_azure || strcmp(argument, "azure") == 0;
    out->is_offline = out->is_offline || strcmp(argument, "offline") == 0;
    out->has_leaf = out->has_leaf || strcmp(argument, "has-leaf") == 0;
    if ((value = value_of(argument, "ca=")) != NULL) {
        out->http.ca_path = value;
    } else if ((value = value_of(argument, "timeout=")) != NULL) {
        out->http.total_ms = (unsigned)atoi(value);
    } else if ((value = value_of(argument, "attempts=")) != NULL) {
        out->http.retry.attempts = (unsigned)atoi(value);
    } else if ((value = value_of(argument, "verify=")) != NULL) {
        out->pin = value;
    }
}

static void make_origin(const options *o, const char *base, cof_collateral_origin *out)
{
    cof_err err = {0};
    need_ok(cof_origin_from(base, out, &err), &err);
    out->is_pccs = !o->is_pcs;
    if (o->is_pcs || o->has_root_crl) {
        (void)snprintf(out->intel_root_crl, sizeof out->intel_root_crl, "%.400s/IntelSGXRootCA.der",
                       base);
    }
    if (o->is_azure) {
        out->has_update_option = false;
        (void)snprintf(out->imds, sizeof out->imds, "%.400s", base);
    }
}

static cof_status verify(const options *o, const char *folder, cof_view evidence,
                         const cof_collateral *items, int64_t now, cof_err *err)
{
    static cof_freshness seen;
    static cof_facts facts;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_root_pin pin = {.family = COF_ROOT_INTEL};
    get_file(o->pin, &text);
    COF_TRY(cof_hex_decode(cof_buf_view(&text), pin.spki.bytes, sizeof pin.spki.bytes, err));
    COF_TRY(cof_seen_load(folder, &seen, err));
    const cof_evidence_input input = {.evidence = evidence,
                                      .collateral = items,
                                      .roots = &pin,
                                      .root_count = 1,
                                      .now_unix_s = now,
                                      .seen = &seen};
    COF_TRY(cof_evidence_verify(&input, &facts, NULL, err));
    return cof_seen_save(folder, &seen, err);
}

static void ask(int argc, char **argv)
{
    options o = {.is_refresh = strcmp(argv[1], "refresh") == 0,
                 .http = {.connect_ms = 2000, .total_ms = 5000, .retry = {.base_ms = 10}}};
    const int64_t now = strtoll(argv[4], NULL, 10);
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral items = {0};
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *cache = NULL;
    cof_collateral_need need = {0};
    cof_err err = {0};
    for (int i = 7; i < argc; i++) {
        read_option(argv[i], &o);
    }
    cof_collateral_cache_options cache_options = {
        .folder = argv[2], .is_offline = o.is_offline, .http = o.http};
    make_origin(&o, argv[3], &cache_options.origin);
    get_file(argv[5], &evidence);
    need_ok(cof_evidence_need(cof_buf_view(&evidence), &need, &err), &err);
    need.has_leaf = need.has_leaf || o.has_leaf;
    need_ok(cof_collateral_cache_open(&cache_options, &cache, &err), &err);
    cof_status status = o.is_refresh ? cof_collateral_cache_refresh(cache, &need, now, &items, &err)
                                     : cof_collateral_source_get(cache, &need, now, &items, &err);
    if (status == COF_OK && o.pin != NULL) {
        status = verify(&o, argv[2], cof_buf_view(&evidence), &items, now, &err);
    }
    put_items(argv[6], &items);
    json_t *answer =
        json_pack("{s:s,s:s,s:s}", "status", cof_status_describe(status)->name, "detail",
                  status != COF_OK ? err.detail : "", "notes", cof_collateral_cache_notes(cache));
    (void)json_dumpf(answer, stdout, 0);
    json_decref(answer);
}

/* ---- entries ---- */

static void churn(char **argv)
{
    cof_buf lists[2] = {{0}};
    cof_err err = {0};
    get_file(argv[2], &lists[0]);
    get_file(argv[3], &lists[1]);
    for (int64_t i = 0;; i++) {
        cof_collateral items = {0};
        cof_cache_entry entry = {0};
        need_ok(
            cof_collateral_set(&items, COF_COLLATERAL_PCK_CRL, cof_buf_view(&lists[i % 2]), &err),
            &err);
        need_ok(cof_cache_entry_make(&items, (cof_lifetime){0}, 60, 1000 + i, &entry, &err), &err);
        need_ok(cof_cache_entry_write(argv[4], "key", &entry, &err), &err);
        cof_cache_entry_free(&entry);
        if (i == 0) {
            (void)printf("ready\n");
            (void)fflush(stdout);
        }
    }
}

static int check_entry(char **argv)
{
    cof_cache_entry entry = {0};
    cof_err err = {0};
    need_ok(cof_cache_entry_read(argv[2], "key", &entry, &err), &err);
    const bool is_whole = entry.is_there && !entry.is_absent;
    cof_cache_entry_free(&entry);
    return is_whole ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 6 && strcmp(argv[1], "intel") == 0) {
        make_intel(argc, argv);
    } else if (argc >= 4 && strcmp(argv[1], "amd") == 0) {
        make_amd(argc, argv);
    } else if (argc >= 7 && (strcmp(argv[1], "get") == 0 || strcmp(argv[1], "refresh") == 0)) {
        ask(argc, argv);
    } else if (argc == 5 && strcmp(argv[1], "churn") == 0) {
        churn(argv);
    } else if (argc == 3 && strcmp(argv[1], "entry") == 0) {
        return check_entry(argv);
    } else {
        die("see the top of its source");
    }
    return 0;
}
