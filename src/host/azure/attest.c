#include "host/azure/attest.h"

#include <stdio.h>
#include <string.h>

#include "host/http/url.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { BODY_LIMIT = 1024 * 1024, URL_SIZE = 2048, FIRST_ATTEMPTS = 2 };

/* Each form's place, the newest version of the interface that all services have it in, and the
 * member with the evidence. */
static const struct {
    const char *path;
    const char *member;
} forms[COF_ATTESTER_FORMS] = {
    [COF_ATTESTER_SGX] = {"/attest/SgxEnclave?api-version=2022-08-01", "quote"},
    [COF_ATTESTER_OPEN_ENCLAVE] = {"/attest/OpenEnclave?api-version=2022-08-01", "report"},
    [COF_ATTESTER_SEV_SNP] = {"/attest/SevSnpVm?api-version=2022-08-01", "report"},
    [COF_ATTESTER_TDX] = {"/attest/TdxVm?api-version=2025-06-01", "quote"},
    [COF_ATTESTER_AZURE_GUEST] = {"/attest/AzureGuest?api-version=2020-10-01", "AttestationInfo"},
};

struct cof_attester {
    cof_http_client *http;
    const char *services[COF_ATTESTER_SERVICES];
    size_t count;
};

cof_status cof_attester_new(cof_http_client *http, const char *const *services, size_t count,
                            cof_attester **out, cof_err *err)
{
    cof_url url;
    if (count == 0 || count > COF_ATTESTER_SERVICES) {
        return COF_FAIL(err, CONFIG, "there must be 1 to %d attestation services",
                        (int)COF_ATTESTER_SERVICES);
    }
    COF_CLEANUP(cof_attester_drop_) cof_attester *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation");
    }
    for (size_t i = 0; i < count; i++) {
        if (cof_url_parse(services[i], &url, NULL) != COF_OK) {
            return COF_FAIL(err, CONFIG, "attestation service %zu is not a URL", i + 1);
        }
        self->services[i] = services[i];
    }
    self->http = http;
    self->count = count;
    *out = cof_attester_take(&self);
    return COF_OK;
}

void cof_attester_free(cof_attester *attester)
{
    free(attester);
}

static cof_status set_base64url(json_t *object, const char *key, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BODY_LIMIT};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, key, json_stringn((const char *)text.data, text.size), err);
}

/* {"SnpReport","VcekCertChain"}, which is the evidence of an SEV-SNP guest. */
static cof_status print_snp(const cof_attester_request *request, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *report = json_object();
    if (report == NULL) {
        return COF_FAIL(err, NO_MEMORY, "request");
    }
    COF_TRY(set_base64url(report, "SnpReport", request->evidence, err));
    COF_TRY(set_base64url(report, "VcekCertChain", request->certificates, err));
    return cof_json_print(report, out, err);
}

cof_status cof_attester_print(const cof_attester_request *request, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf snp = {.limit = BODY_LIMIT};
    COF_JSON json_t *body = json_object();
    cof_view evidence = request->evidence;
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "request");
    }
    if (request->form == COF_ATTESTER_SEV_SNP) {
        COF_TRY(print_snp(request, &snp, err));
        evidence = cof_buf_view(&snp);
    }
    COF_TRY(set_base64url(body, forms[request->form].member, evidence, err));
    if (request->runtime.data != NULL) {
        json_t *runtime = json_object();
        COF_TRY(cof_json_set(body, "runtimeData", runtime, err));
        COF_TRY(set_base64url(runtime, "data", request->runtime, err));
        COF_TRY(cof_json_set(runtime, "dataType",
                             json_string(request->is_binary ? "Binary" : "JSON"), err));
    }
    return cof_json_print(body, out, err);
}

static cof_status join(const char *base, const char *path, char out[static URL_SIZE], cof_err *err)
{
    size_t size = strlen(base);
    while (size > 0 && base[size - 1] == '/') {
        size--;
    }
    const int length = snprintf(out, URL_SIZE, "%.*s%s", (int)size, base, path);
    return length > 0 && length < URL_SIZE ? COF_OK : COF_FAIL(err, LIMIT, "URL");
}

static cof_status read_token(const cof_http_answer *answer, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    const char *text = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the attestation service's answer is not a JSON object");
    }
    COF_TRY(cof_json_get_text(json, "token", COF_LIMIT_TOKEN_BYTES, &text, err));
    return cof_buf_append_text(out, text, err);
}

/* Asks one service. out_is_away: another may be asked. */
static cof_status ask(cof_attester *self, const char *service, const cof_http_call *common,
                      const char *path, cof_buf *out, bool *out_is_away, cof_err *err)
{
    char url[URL_SIZE];
    char ids[COF_HTTP_IDS_SIZE];
    cof_http_call call = *common;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_TRY(join(service, path, url, err));
    call.url = url;
    const cof_status status = cof_http_send(self->http, &call, &answer, err);
    if (status == COF_OK) {
        return read_token(&answer, out, err);
    }
    cof_http_answer_ids(&answer, ids);
    if (status == COF_E_REMOTE_ERROR && answer.status == 400) {
        return COF_FAIL(err, EVIDENCE_INVALID, "attestation refused the evidence: %s (%s)",
                        answer.code, ids);
    }
    if (status == COF_E_REMOTE_ERROR && (answer.status == 401 || answer.status == 403)) {
        return COF_FAIL(err, UNAUTHORIZED, "attestation wants another caller: %s (%s)", answer.code,
                        ids);
    }
    *out_is_away =
        status == COF_E_REMOTE_ERROR || status == COF_E_NETWORK || status == COF_E_TIMEOUT;
    return status;
}

cof_status cof_attester_token(cof_attester *attester, const cof_attester_request *request,
                              cof_buf *out_token, const char **out_service, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = BODY_LIMIT};
    COF_TRY(cof_attester_print(request, &body, err));
    for (size_t i = 0;; i++) {
        const bool is_last = i + 1 == attester->count;
        bool is_away = false;
        const cof_http_call call = {.method = "POST",
                                    .body = cof_buf_view(&body),
                                    .content_type = "application/json",
                                    .is_repeatable = true,
                                    .attempts = is_last ? 0 : FIRST_ATTEMPTS};
        const cof_status status = ask(attester, attester->services[i], &call,
                                      forms[request->form].path, out_token, &is_away, err);
        if (status == COF_OK && out_service != NULL) {
            *out_service = attester->services[i];
        }
        if (!is_away || is_last) {
            if (is_away && i > 0) {
                cof_err_context(err, "none of %zu attestation services answered, the last",
                                attester->count);
            }
            return status;
        }
    }
}

cof_status cof_attester_keys(cof_attester *attester, const char *service, cof_buf *out,
                             cof_err *err)
{
    char url[URL_SIZE];
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_TRY(join(service, "/certs", url, err));
    const cof_http_call call = {.method = "GET", .url = url, .answer_limit = COF_LIMIT_JSON_BYTES};
    COF_TRY(cof_http_send(attester->http, &call, &answer, err));
    return cof_buf_append(out, cof_buf_view(&answer.body), err);
}
