/*
 * What Azure Storage has signed: requests with the account's key ("Authorize with Shared Key"), and
 * shared access signatures ("Create a service SAS", "Create a user delegation SAS"), both
 * HMAC-SHA-256 over a text. Pure: no clock, no network.
 *
 * Signatures are of version 2020-12-06: later ones have more fields.
 */
#ifndef COF_HOST_AZURE_STORAGE_SIGN_H
#define COF_HOST_AZURE_STORAGE_SIGN_H

#include "host/http/form.h"

#define COF_STORAGE_SAS_VERSION "2020-12-06"

enum {
    COF_STORAGE_TIME_SIZE = 24,                  /* "2026-01-31T23:59:59Z" and a NUL */
    COF_STORAGE_DATE_SIZE = 32,                  /* "Sat, 31 Jan 2026 23:59:59 GMT" and a NUL */
    COF_STORAGE_DELEGATION_MAX_S = 7 * 24 * 3600 /* longest life of a delegated signature */
};

/** A request to be signed; all is borrowed. */
typedef struct cof_storage_signed {
    const char *method;
    const char *account;
    const char *path;           /* as sent: percent-encoded */
    const cof_http_pair *query; /* values as they are, not encoded */
    size_t query_count;
    const cof_http_pair *headers; /* all that are sent but Authorization */
    size_t header_count;
    size_t body_size;
    const char *content_type; /* NULL: none */
} cof_storage_signed;

/** Appends the text that is signed. @return COF_OK, COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_storage_string_to_sign(const cof_storage_signed *request, cof_buf *out,
                                                   cof_err *err);
/** Appends base64(HMAC-SHA-256(key, text)). */
COF_MUST_USE cof_status cof_storage_hmac(cof_view key, cof_view text, cof_buf *out, cof_err *err);

/** A user delegation key, as the service gives it (texts, and the key in base64). */
typedef struct cof_delegation_key {
    char oid[64];
    char tid[64];
    char start[COF_STORAGE_TIME_SIZE];
    char expiry[COF_STORAGE_TIME_SIZE];
    char service[8];
    char version[16];
    char value[128]; /* secret: wiped by cof_delegation_key_wipe */
} cof_delegation_key;

void cof_delegation_key_wipe(cof_delegation_key *key);

/** What a signature permits. Borrowed. */
typedef struct cof_storage_sas {
    const char *account;
    const char *container;
    const char *blob;        /* whole name; NULL: every blob of the container */
    const char *permissions; /* of "racwdl", in this order */
    const char *start;       /* "2026-01-31T00:00:00Z"; NULL: none */
    const char *expiry;
    bool https_only;
    const cof_delegation_key *delegation; /* NULL: key is the account's */
    cof_view key;                         /* not base64 */
} cof_storage_sas;

/**
 * Appends the query of a URL: "sp=r&…&sig=…".
 * @return COF_OK, COF_E_BAD_ARGUMENT (permissions), COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_storage_sas_make(const cof_storage_sas *sas, cof_buf *out,
                                             cof_err *err);

/** Times as x-ms-date and as signatures have them. */
void cof_storage_date(int64_t unix_s, char out[static COF_STORAGE_DATE_SIZE]);
void cof_storage_time(int64_t unix_s, char out[static COF_STORAGE_TIME_SIZE]);

#endif
