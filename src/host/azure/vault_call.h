/* Inside the vault's client: one call, signed in. */
#ifndef COF_AZURE_VAULT_CALL_H
#define COF_AZURE_VAULT_CALL_H

#include "host/azure/vault.h"

enum { COF_VAULT_URL_MAX = 2048 };

/** All is borrowed. */
typedef struct cof_vault_call {
    const char *method;
    const char *url; /* whole, with api-version */
    const json_t *body;
    const char *what; /* for messages: the key */
    bool is_once;     /* a POST that must not be sent twice */
} cof_vault_call;

/**
 * Sends it with a token for what the vault asks for; a token that is refused is renewed once.
 *
 * @param out_answer  freed by the caller in any case
 * @return as cof_http_send; COF_E_UNAUTHORIZED (the challenge, or the token service's refusal).
 */
COF_MUST_USE cof_status cof_vault_send(const cof_vault *vault, const cof_vault_call *call,
                                       cof_http_answer *out_answer, cof_err *err);

/** The same, with the JSON of the answer, and refusals as statuses. @param out  NULL: none wanted
 */
COF_MUST_USE cof_status cof_vault_exchange(const cof_vault *vault, const cof_vault_call *call,
                                           json_t **out, cof_err *err);

/** base, path, api-version. @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_vault_url(char out[static COF_VAULT_URL_MAX], cof_err *err,
                                      const char *base, const char *path);

/** error.innererror.code of a refusal; "" when it has none. */
void cof_vault_inner_code(const cof_http_answer *answer, char *out, size_t size);

#endif
