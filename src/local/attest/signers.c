#include "local/attest/signers.h"

#include <string.h>

#include "local/attest/order.h"
#include "local/ca/cert.h"

static const char signers_file[] = "attest/signers.json";
static const char file_kind[] = "attestation-signers/v1";

struct cof_attest_signers {
    const cof_state *state;
    size_t count;
    X509 *certificates[COF_ATTEST_SIGNERS_MAX];
};

static cof_status read_list(cof_attest_signers *signers, const json_t *file, cof_err *err)
{
    json_t *list = NULL;
    const char *kind = NULL;
    COF_TRY(cof_json_get_text(file, "coffer", sizeof file_kind, &kind, err));
    COF_TRY(cof_json_get(file, "certificates", JSON_ARRAY, &list, err));
    if (strcmp(kind, file_kind) != 0 || json_array_size(list) > COF_ATTEST_SIGNERS_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "%s", signers_file);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        COF_TRY(cof_order_certificate(json_array_get(list, i),
                                      &signers->certificates[signers->count], err));
        signers->count++;
    }
    return COF_OK;
}

cof_status cof_attest_signers_open(const cof_state *state, cof_attest_signers **out, cof_err *err)
{
    COF_CLEANUP(cof_attest_signers_drop_) cof_attest_signers *signers = calloc(1, sizeof *signers);
    COF_JSON json_t *file = NULL;
    if (signers == NULL) {
        return COF_FAIL(err, NO_MEMORY, "signers of policies");
    }
    signers->state = state;
    const cof_status status = cof_state_read_json(state, signers_file, &file, err);
    if (status != COF_E_NOT_FOUND) {
        COF_TRY(status);
        COF_TRY(read_list(signers, file, err));
    }
    *out = cof_attest_signers_take(&signers);
    return COF_OK;
}

bool cof_attest_signers_is_empty(const cof_attest_signers *signers)
{
    return signers->count == 0;
}

/* Its place, or count. Certificates are compared whole: X509_cmp compares their DER's digests. */
static size_t find(const cof_attest_signers *signers, X509 *certificate)
{
    size_t i = 0;
    while (i < signers->count && X509_cmp(signers->certificates[i], certificate) != 0) {
        i++;
    }
    return i;
}

bool cof_attest_signers_have(const cof_attest_signers *signers, X509 *certificate)
{
    return certificate != NULL && find(signers, certificate) < signers->count;
}

static cof_status write_list(const cof_attest_signers *signers, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    if (list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "signers of policies");
    }
    for (size_t i = 0; i < signers->count; i++) {
        json_t *text = NULL;
        COF_TRY(cof_cert_to_x5c(signers->certificates[i], &text, err));
        COF_TRY(cof_json_append(list, text, err));
    }
    COF_JSON json_t *file = json_pack("{s:s,s:O}", "coffer", file_kind, "certificates", list);
    if (file == NULL) {
        return COF_FAIL(err, NO_MEMORY, "signers of policies");
    }
    return cof_state_write_json(signers->state, signers_file, file, err);
}

cof_status cof_attest_signers_add(cof_attest_signers *signers, X509 *certificate, cof_err *err)
{
    if (find(signers, certificate) < signers->count) {
        return COF_OK;
    }
    if (signers->count == COF_ATTEST_SIGNERS_MAX) {
        return COF_FAIL(err, LIMIT, "At most %d certificates.", COF_ATTEST_SIGNERS_MAX);
    }
    signers->certificates[signers->count++] = certificate;
    const cof_status status = write_list(signers, err);
    if (status != COF_OK) {
        signers->certificates[--signers->count] = NULL;
        return status;
    }
    (void)X509_up_ref(certificate);
    return COF_OK;
}

cof_status cof_attest_signers_remove(cof_attest_signers *signers, X509 *certificate, cof_err *err)
{
    const size_t place = find(signers, certificate);
    if (place == signers->count) {
        return COF_OK;
    }
    if (signers->count == 1) {
        return COF_FAIL(err, FORBIDDEN, "The last certificate cannot be removed.");
    }
    X509 *removed = signers->certificates[place];
    signers->certificates[place] = signers->certificates[--signers->count];
    const cof_status status = write_list(signers, err);
    if (status != COF_OK) {
        signers->certificates[signers->count++] = signers->certificates[place];
        signers->certificates[place] = removed;
        return status;
    }
    signers->certificates[signers->count] = NULL;
    X509_free(removed);
    return COF_OK;
}

cof_status cof_attest_signers_to_json(const cof_attest_signers *signers, json_t **out, cof_err *err)
{
    COF_JSON json_t *keys = json_array();
    if (keys == NULL) {
        return COF_FAIL(err, NO_MEMORY, "signers of policies");
    }
    for (size_t i = 0; i < signers->count; i++) {
        json_t *jwk = NULL;
        COF_TRY(cof_order_jwk(signers->certificates[i], &jwk, err));
        COF_TRY(cof_json_append(keys, jwk, err));
    }
    *out = json_pack("{s:O}", "keys", keys);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "signers of policies");
}

void cof_attest_signers_free(cof_attest_signers *signers)
{
    if (signers != NULL) {
        for (size_t i = 0; i < signers->count; i++) {
            X509_free(signers->certificates[i]);
        }
        free(signers);
    }
}
