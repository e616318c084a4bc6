/*
 * Quotes of an SEV-SNP or TDX guest through configfs (Linux 6.7, Documentation/ABI/testing/
 * configfs-tsm).
 *
 * Implementation notes. An entry is a folder of its own; writing inblob starts a new generation,
 * and outblob is made for the newest one. Another process can open the same entry, so the number of
 * the generation must have grown by exactly our one write when all has been read: else the report
 * may be somebody else's, and the whole is done again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tcb/crypto/random.h"
#include "tcb/evidence/attribute.h"
#include "tcb/evidence/quote_source.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/text.h"

enum {
    ATTEMPTS = 6,
    FIRST_PAUSE_MS = 10, /* doubled after each attempt */
    BLOB_MAX = 32 * 1024,
    SNP_REPORT_SIZE = 1184, /* AMD 56860, "ATTESTATION_REPORT" */
    SNP_REPORT_DATA_AT = 0x50,
    TDX_V4_REPORT_DATA_AT = 48 + 520, /* header, TD report body */
    TDX_V5_REPORT_DATA_AT = 54 + 520, /* header, body's type and size, body */
};

typedef struct tsm_source {
    cof_quote_source base;
    cof_attribute_folder reports;
} tsm_source;

static cof_status read_generation(const cof_attribute_folder *entry, uint64_t *out, cof_err *err)
{
    char text[32];
    COF_TRY(cof_attribute_read_text(entry, "generation", text, sizeof text, err));
    char *end = text;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0') {
        return COF_FAIL(err, BAD_FORMAT, "generation");
    }
    *out = number;
    return COF_OK;
}

static cof_status check_provider(const cof_attribute_folder *entry, const char *wanted,
                                 cof_err *err)
{
    char provider[32];
    COF_TRY(cof_attribute_read_text(entry, "provider", provider, sizeof provider, err));
    if (strcmp(provider, wanted) != 0) {
        return COF_FAIL(err, UNSUPPORTED, "the guest's reports come from %s, not %s", provider,
                        wanted);
    }
    return COF_OK;
}

/* Asks in an entry of our own; all of it was made for this request alone. */
static cof_status ask(const cof_attribute_folder *entry, const cof_quote_request *request,
                      bool with_auxblob, cof_buf *out, cof_err *err)
{
    uint64_t before = 0;
    uint64_t after = 0;
    COF_TRY(read_generation(entry, &before, err));
    COF_TRY(cof_attribute_write(
        entry, "inblob", cof_view_of(request->report_data, sizeof request->report_data), err));
    COF_TRY(cof_attribute_read(entry, "outblob", out, err));
    if (with_auxblob) {
        if (out->size != SNP_REPORT_SIZE) {
            return COF_FAIL(err, BAD_FORMAT, "an SNP report of %zu bytes", out->size);
        }
        COF_TRY(cof_attribute_read(entry, "auxblob", out, err));
    }
    COF_TRY(read_generation(entry, &after, err));
    if (after != before + 1) {
        return COF_FAIL(err, BUSY, "somebody else wrote to our report entry");
    }
    return COF_OK;
}

static cof_status make_entry(const cof_attribute_folder *reports, cof_attribute_folder *out,
                             cof_err *err)
{
    uint8_t random[8];
    char name[sizeof "coffer-" + 2 * sizeof random] = "coffer-";
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), name + sizeof "coffer-" - 1);
    cof_attribute_folder entry;
    COF_TRY(cof_attribute_folder_set(&entry, reports->path, name, err));
    if (mkdir(entry.path, 0700) != 0) {
        return COF_FAIL_ERRNO(err, errno, "report entry");
    }
    *out = entry;
    return COF_OK;
}

static cof_status try_once(const tsm_source *source, const char *provider,
                           const cof_quote_request *request, bool with_auxblob, cof_buf *out,
                           cof_err *err)
{
    cof_attribute_folder entry;
    COF_TRY(make_entry(&source->reports, &entry, err));
    cof_status status = check_provider(&entry, provider, err);
    if (status == COF_OK) {
        status = ask(&entry, request, with_auxblob, out, err);
    }
    (void)rmdir(entry.path);
    return status;
}

static cof_status try_often(const tsm_source *source, const char *provider,
                            const cof_quote_request *request, bool with_auxblob, cof_buf *out,
                            cof_err *err)
{
    struct timespec pause = {.tv_nsec = FIRST_PAUSE_MS * 1000000L};
    for (int attempt = 1;; attempt++) {
        const cof_status status = try_once(source, provider, request, with_auxblob, out, err);
        if (status != COF_E_BUSY || attempt == ATTEMPTS) {
            return status;
        }
        cof_buf_clear(out);
        (void)nanosleep(&pause, NULL);
        pause.tv_nsec *= 2;
    }
}

static cof_status snp_quote(cof_quote_source *self, const cof_quote_request *request,
                            cof_buf *out_quote, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    cof_buf_init(&quote, BLOB_MAX);
    COF_TRY(try_often((const tsm_source *)self, "sev_guest", request, true, &quote, err));
    COF_TRY(cof_quote_check_binding(cof_buf_view(&quote), SNP_REPORT_DATA_AT, request, err));
    return cof_buf_append(out_quote, cof_buf_view(&quote), err);
}

static cof_status tdx_quote(cof_quote_source *self, const cof_quote_request *request,
                            cof_buf *out_quote, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    cof_buf_init(&quote, BLOB_MAX);
    COF_TRY(try_often((const tsm_source *)self, "tdx_guest", request, false, &quote, err));
    cof_reader reader = cof_reader_of(cof_buf_view(&quote));
    uint16_t version = 0;
    COF_TRY(cof_read_u16le(&reader, &version, err));
    if (version != 4 && version != 5) {
        return COF_FAIL(err, UNSUPPORTED, "a TDX quote of version %u", version);
    }
    COF_TRY(cof_quote_check_binding(cof_buf_view(&quote),
                                    version == 4 ? TDX_V4_REPORT_DATA_AT : TDX_V5_REPORT_DATA_AT,
                                    request, err));
    return cof_buf_append(out_quote, cof_buf_view(&quote), err);
}

static void tsm_free(cof_quote_source *self)
{
    free(self);
}

static const cof_quote_source_ops snp_ops = {
    .name = "sev-snp", .quote = snp_quote, .free = tsm_free};
static const cof_quote_source_ops tdx_ops = {.name = "tdx", .quote = tdx_quote, .free = tsm_free};

static cof_status make_source(const cof_quote_source_ops *ops, const char *folder,
                              cof_quote_source **out_source, cof_err *err)
{
    cof_attribute_folder reports;
    COF_TRY(cof_attribute_folder_set(&reports, folder, NULL, err));
    if (access(reports.path, F_OK) != 0) {
        return COF_FAIL_ERRNO(err, errno, reports.path);
    }
    tsm_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quote source");
    }
    source->base.ops = ops;
    source->reports = reports;
    *out_source = &source->base;
    return COF_OK;
}

cof_status cof_quote_source_tsm_snp(const char *folder, cof_quote_source **out_source, cof_err *err)
{
    return make_source(&snp_ops, folder, out_source, err);
}

cof_status cof_quote_source_tsm_tdx(const char *folder, cof_quote_source **out_source, cof_err *err)
{
    return make_source(&tdx_ops, folder, out_source, err);
}
