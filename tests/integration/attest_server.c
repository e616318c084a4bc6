/*
 * The attestation service as coffer-local has it, but with rigged vendors as its roots and at the
 * time at which their evidence is good: attest_server --home DIR --port N --ready-fd N
 * --lifeline-fd N, as coffer-local. Requests for it, with evidence of every kind, are in
 * DIR/local/evidence/. There is one Intel at a time: with ATTEST_SERVER_INTEL=tdx in the
 * environment that of the TDX platforms, else that of the SGX platform.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/http/http_server.h"
#include "local/attest/attest.h"
#include "local/ca/ca.h"
#include "rig/azure_rig.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"
#include "unit/local/collateral_case.h"
#include "unit/local/guest_case.h"

static const char runtime[] = "{\"keys\":[],\"purpose\":\"test\"}";

typedef struct arguments {
    const char *home;
    uint16_t port;
    int ready_fd, lifeline_fd;
} arguments;

/* An Intel with an SGX platform, and two Azure machines: one over AMD, one over another Intel,
 * whose platforms also give evidence without a vTPM. */
typedef struct vendors {
    intel_rig sgx;
    azure_rig snp, tdx;
} vendors;

static int64_t rigged_clock(void)
{
    return INTEL_RIG_NOW;
}

typedef struct source {
    cof_collateral_source source;
    const vendors *vendors;
} source;

static cof_status get(cof_collateral_source *self, const cof_collateral_need *need,
                      int64_t now_unix_s, cof_collateral *out, cof_err *err)
{
    const vendors *v = ((const source *)self)->vendors;
    const cof_collateral *from = need->hardware == COF_TEE_SEV_SNP ? v->snp.collateral
                                 : need->hardware == COF_TEE_TDX   ? v->tdx.collateral
                                                                   : &v->sgx.collateral;
    collateral_case one = collateral_case_of(from);
    return cof_collateral_source_get(&one.source, need, now_unix_s, out, err);
}

static void nothing(cof_collateral_source *self)
{
    (void)self;
}

static cof_status put(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

static cof_status write_body(const cof_state *state, const char *name, const char *member,
                             cof_view evidence, cof_err *err)
{
    cof_path path;
    COF_JSON json_t *body = json_object();
    COF_JSON json_t *data = json_object();
    COF_TRY(put(body, member, evidence, err));
    if (strcmp(member, "AttestationInfo") != 0) {
        COF_TRY(put(data, "data", cof_view_text(runtime), err));
        COF_TRY(cof_json_set(data, "dataType", json_string("JSON"), err));
        COF_TRY(cof_json_set(body, "runtimeData", json_incref(data), err));
    }
    COF_TRY(cof_path_format(&path, err, "evidence/%s.json", name));
    return cof_state_write_json(state, path.text, body, err);
}

static cof_status write_snp(const cof_state *state, const amd_rig *rig,
                            const uint8_t report_data[static 64], cof_err *err)
{
    const amd_rig_options options = {.report = {.report_data = report_data}};
    COF_JSON json_t *json = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 64 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64 * 1024};
    COF_TRY(amd_rig_report_again(rig, &options, &report, err));
    for (int who = AMD_RIG_LEAF; who >= AMD_RIG_ROOT; who--) {
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[who]), err));
    }
    COF_TRY(put(json, "SnpReport", cof_buf_view(&report), err));
    COF_TRY(put(json, "VcekCertChain", cof_buf_view(&chain), err));
    COF_TRY(cof_json_print(json, &text, err));
    return write_body(state, "SevSnpVm", "report", cof_buf_view(&text), err);
}

static cof_status write_guest(const cof_state *state, const azure_rig *rig, const char *name,
                              cof_err *err)
{
    cof_path path;
    const guest_case_options good = {0};
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = 512 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 8 * 1024};
    COF_TRY(guest_case_info(rig, &good, &info, err));
    COF_TRY(write_body(state, name, "AttestationInfo", cof_buf_view(&info), err));
    COF_TRY(cof_rsa_to_pkcs8(rig->keys[AZURE_RIG_ENCRYPTION], &key, err));
    COF_TRY(cof_path_format(&path, err, "evidence/%s.key", name));
    return cof_state_write(state, path.text, cof_buf_view(&key), err);
}

static cof_status write_intel(const cof_state *state, const intel_rig *rig, const char *name,
                              const char *member, const intel_rig_options *options, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    COF_TRY(intel_rig_quote_again(rig, options, &quote, err));
    return write_body(state, name, member, cof_buf_view(&quote), err);
}

static cof_status make_vendors(const cof_state *state, vendors *v, cof_err *err)
{
    uint8_t report_data[64] = {0};
    cof_digest digest;
    COF_TRY(cof_digest_of(cof_view_text(runtime), &digest, err));
    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    const intel_rig_options sgx = {.quote = {.report_data = report_data}};
    const intel_rig_options oe = {.quote = {.report_data = report_data, .is_open_enclave = true}};
    const intel_rig_options tdx = {.form = INTEL_RIG_TDX_V4, .quote = {.report_data = report_data}};
    COF_TRY(intel_rig_make(&v->sgx, &sgx, err));
    COF_TRY(azure_rig_make(&v->snp, AZURE_RIG_SNP, err));
    COF_TRY(azure_rig_make(&v->tdx, AZURE_RIG_TDX, err));
    COF_TRY(cof_state_make_folder(state, "evidence", err));
    COF_TRY(write_intel(state, &v->sgx, "SgxEnclave", "quote", &sgx, err));
    COF_TRY(write_intel(state, &v->sgx, "OpenEnclave", "report", &oe, err));
    COF_TRY(write_intel(state, &v->tdx.intel, "TdxVm", "quote", &tdx, err));
    COF_TRY(write_snp(state, &v->snp.amd, report_data, err));
    COF_TRY(write_guest(state, &v->snp, "AzureGuest-snp", err));
    return write_guest(state, &v->tdx, "AzureGuest-tdx", err);
}

static cof_status announce(const arguments *o, const cof_state *state, const cof_issuer *identity,
                           cof_err *err)
{
    cof_path ca;
    COF_TRY(cof_state_path(state, COF_CA_ROOT_FILE, &ca, err));
    const char *base = cof_state_base(state);
    COF_JSON json_t *info = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "attest", base, "vault", base,
                                      "authority", base, "tenant", cof_state_tenant(state),
                                      "issuer", cof_issuer_url(identity), "ca", ca.text);
    if (info == NULL || json_dumpfd(info, o->ready_fd, JSON_COMPACT) != 0 ||
        write(o->ready_fd, "\n", 1) != 1 || close(o->ready_fd) != 0) {
        return COF_FAIL(err, IO, "--ready-fd");
    }
    return COF_OK;
}

/* The certificate of TLS is made by the real clock, which the client has. */
static cof_status prepare(const arguments *o, cof_err *err)
{
    COF_CLEANUP(cof_state_drop_) cof_state *state = NULL;
    COF_CLEANUP(cof_ca_drop_) cof_ca *ca = NULL;
    COF_TRY(cof_state_open(o->home, cof_clock_system, &state, err));
    COF_TRY(cof_state_set_port(state, o->port, err));
    return cof_ca_open(state, &ca, err);
}

static cof_status serve(const arguments *o, const cof_state *state, cof_attest *attest,
                        cof_issuer *identity, cof_err *err)
{
    COF_CLEANUP(cof_http_server_drop_) cof_http_server *server = NULL;
    cof_path certificate;
    cof_path key;
    COF_TRY(cof_state_path(state, COF_CA_TLS_FILE, &certificate, err));
    COF_TRY(cof_state_path(state, COF_CA_TLS_KEY_FILE, &key, err));
    const cof_http_server_options server_options = {
        .port = o->port, .certificate_path = certificate.text, .key_path = key.text};
    COF_TRY(cof_http_server_new(&server_options, &server, err));
    COF_TRY(cof_attest_serve(attest, server, err));
    COF_TRY(cof_issuer_serve(identity, server, err));
    COF_TRY(cof_http_server_stop_on_signals(server, err));
    COF_TRY(cof_http_server_stop_at_end_of(server, o->lifeline_fd, err));
    COF_TRY(announce(o, state, identity, err));
    return cof_http_server_run(server, err);
}

static cof_status run(const arguments *o, vendors *v, cof_err *err)
{
    static const cof_collateral_source_ops ops = {"rig", get, nothing};
    source from = {.source = {&ops}, .vendors = v};
    COF_CLEANUP(cof_state_drop_) cof_state *state = NULL;
    COF_CLEANUP(cof_trail_drop_) cof_trail *trail = NULL;
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = NULL;
    COF_CLEANUP(cof_access_drop_) cof_access *access = NULL;
    COF_CLEANUP(cof_issuer_drop_) cof_issuer *identity = NULL;
    COF_CLEANUP(cof_attest_drop_) cof_attest *attest = NULL;
    COF_TRY(prepare(o, err));
    COF_TRY(cof_state_open(o->home, rigged_clock, &state, err));
    COF_TRY(make_vendors(state, v, err));
    COF_TRY(cof_trail_open(state, &trail, err));
    COF_TRY(cof_directory_open(state, &directory, err));
    COF_TRY(cof_access_open(state, directory, &access, err));
    const cof_issuer_parts identity_parts = {
        .state = state, .directory = directory, .access = access, .trail = trail};
    COF_TRY(cof_issuer_open(&identity_parts, &identity, err));
    const char *intel = getenv("ATTEST_SERVER_INTEL");
    const bool is_tdx = intel != NULL && strcmp(intel, "tdx") == 0;
    const cof_root_pin roots[] = {is_tdx ? v->tdx.pins[0] : v->sgx.pin, v->snp.pins[0]};
    const cof_attest_options attest_options = {.state = state,
                                               .trail = trail,
                                               .identity = identity,
                                               .access = access,
                                               .roots = roots,
                                               .root_count = sizeof roots / sizeof roots[0],
                                               .collateral = &from.source};
    COF_TRY(cof_attest_open(&attest_options, &attest, err));
    return serve(o, state, attest, identity, err);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"home", required_argument, NULL, 'H'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"ready-fd", required_argument, NULL, 'r'},
                                          {"lifeline-fd", required_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    arguments o = {.ready_fd = -1, .lifeline_fd = -1};
    cof_err err = {0};
    int code = 0;
    while ((code = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (code == 'H') {
            o.home = optarg;
        } else if (code == 'p') {
            o.port = (uint16_t)strtol(optarg, NULL, 10);
        } else if (code == 'r') {
            o.ready_fd = (int)strtol(optarg, NULL, 10);
        } else if (code == 'l') {
            o.lifeline_fd = (int)strtol(optarg, NULL, 10);
        }
    }
    vendors v = {0};
    const cof_status status = run(&o, &v, &err);
    intel_rig_free(&v.sgx);
    azure_rig_free(&v.snp);
    azure_rig_free(&v.tdx);
    if (status != COF_OK) {
        (void)fprintf(stderr, "attest_server: %s (%s)\n", err.detail,
                      cof_status_describe(err.status)->name);
        return 1;
    }
    return 0;
}
