/*
 * How requests to Blob Storage are authorized: with the account's key, a shared access signature
 * that somebody gave, or a bearer token of a credential (host/azure/credential.h).
 */
#ifndef COF_HOST_AZURE_STORAGE_AUTH_H
#define COF_HOST_AZURE_STORAGE_AUTH_H

#include "host/azure/credential.h"

#define COF_STORAGE_SCOPE "https://storage.azure.com/.default"

typedef enum cof_storage_auth_kind {
    COF_STORAGE_BY_SAS,
    COF_STORAGE_BY_KEY,
    COF_STORAGE_BY_TOKEN
} cof_storage_auth_kind;

/** Zeroed, then opened; freed by cof_storage_auth_free. */
typedef struct cof_storage_auth {
    cof_storage_auth_kind kind;
    cof_buf key; /* the account's, decoded */
    cof_buf sas; /* a query, percent-encoded, without "?" */
    cof_credential *credential;
} cof_storage_auth;

/**
 * With a path: a file that others cannot read, {"account_key":BASE64} or {"sas":QUERY} or a
 * credential file. Without one, or where url_sas is not empty: url_sas.
 * @return COF_OK, COF_E_CONFIG (nothing to authorize with, or unknown members), COF_E_PERMISSION,
 * or as cof_credential_open.
 */
COF_MUST_USE cof_status cof_storage_auth_open(const char *path, cof_view url_sas,
                                              cof_storage_auth *out, cof_err *err);

/** Wipes and frees. */
void cof_storage_auth_free(cof_storage_auth *auth);

#endif
