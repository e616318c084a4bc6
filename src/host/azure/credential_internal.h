/* Inside the credential: what its file says, and the request for one token. */
#ifndef COF_AZURE_CREDENTIAL_INTERNAL_H
#define COF_AZURE_CREDENTIAL_INTERNAL_H

#include <limits.h>

#include "host/azure/assertion.h"
#include "host/azure/credential.h"
#include "host/azure/token_answer.h"

typedef enum cof_credential_way {
    COF_BY_SECRET,
    COF_BY_CERTIFICATE,
    COF_BY_FEDERATED,
    COF_BY_MANAGED_IDENTITY,
    COF_BY_LOGIN
} cof_credential_way;

enum { COF_CREDENTIAL_FILE_MAX = 64 * 1024, COF_CREDENTIAL_SCOPES = 8 };

/** Texts of a credential file that are no secrets; "" when absent. Plain value. */
typedef struct cof_credential_facts {
    cof_credential_way way;
    char authority[512]; /* without a slash at its end */
    char tenant[128];
    char client_id[128];
    char endpoint[512];        /* of the metadata service, or of tokens */
    char token_file[PATH_MAX]; /* federated */
    char ca[PATH_MAX];
    bool is_rs256;
} cof_credential_facts;

/** A token that is kept. */
typedef struct cof_kept_token {
    char *scope;
    cof_buf token;
    int64_t renew_unix_s;   /* ask for the next from here on */
    int64_t expires_unix_s; /* of no use from here on */
} cof_kept_token;

struct cof_credential {
    cof_credential_facts facts;
    char path[PATH_MAX];
    cof_buf secret; /* a client's secret; a login's is read anew from the file */
    cof_assertion_key *key;
    cof_http_client *http;
    cof_kept_token kept[COF_CREDENTIAL_SCOPES];
    size_t next; /* place to be given away */
};

/** Reads the file into facts, secret and key, which are empty. @return as cof_credential_open. */
COF_MUST_USE cof_status cof_credential_read(cof_credential *credential, cof_err *err);

/** The login's refresh token, as the file has it now. @return COF_OK, COF_E_CONFIG, … */
COF_MUST_USE cof_status cof_credential_refresh_token(const cof_credential *credential, cof_buf *out,
                                                     cof_err *err);
/** Replaces it in the file, which is written whole (0600). */
COF_MUST_USE cof_status cof_credential_replace_token(const cof_credential *credential,
                                                     cof_view refresh, cof_err *err);

/** Asks for a token. @param out  zeroed; freed by the caller. @return as cof_credential_token. */
COF_MUST_USE cof_status cof_token_request(cof_credential *credential, const char *scope,
                                          cof_token_answer *out, cof_err *err);

#endif
