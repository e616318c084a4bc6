/*
 * Where blobs are: the URL of a container and what its names begin with.
 *
 *   https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]
 *   http://127.0.0.1:10000/ACCOUNT/CONTAINER[/PREFIX]        an address or localhost: the account
 *                                                            is in the path, as Azurite has it
 */
#ifndef COF_HOST_AZURE_STORAGE_PLACE_H
#define COF_HOST_AZURE_STORAGE_PLACE_H

#include "tcb/base/buf.h"

enum {
    COF_STORAGE_ORIGIN_SIZE = 300, /* "https://host:port" and a NUL */
    COF_STORAGE_ACCOUNT_SIZE = 64,
    COF_STORAGE_CONTAINER_SIZE = 64,
    COF_STORAGE_PREFIX_SIZE = 513
};

/** A plain value. */
typedef struct cof_storage_place {
    bool is_https;
    bool has_path_account;                       /* the path begins with the account */
    char origin[COF_STORAGE_ORIGIN_SIZE];        /* "https://host" or "https://host:port" */
    char host_account[COF_STORAGE_ACCOUNT_SIZE]; /* as in the URL: maybe "ACCOUNT-secondary" */
    char account[COF_STORAGE_ACCOUNT_SIZE];      /* without "-secondary": what signs */
    char container[COF_STORAGE_CONTAINER_SIZE];
    char prefix[COF_STORAGE_PREFIX_SIZE]; /* "" or "a/b", a blob's name by its form */
} cof_storage_place;

/**
 * Reads a URL. Plain http is accepted for a loopback address alone.
 * @param out_sas  the URL's query, a shared access signature, or empty; borrowed from url
 * @return COF_OK, COF_E_CONFIG.
 */
COF_MUST_USE cof_status cof_storage_place_parse(const char *url, cof_storage_place *out,
                                                cof_view *out_sas, cof_err *err);

/** Is a host this machine itself, as plain http may go to? */
bool cof_storage_is_loopback(const char *host);

/** Appends the path of a blob, percent-encoded ("/" stays); blob NULL: the container's. */
COF_MUST_USE cof_status cof_storage_path(const cof_storage_place *place, const char *blob,
                                         cof_buf *out, cof_err *err);
/** Appends the path of the account: "/" or "/ACCOUNT/". */
COF_MUST_USE cof_status cof_storage_account_path(const cof_storage_place *place, cof_buf *out,
                                                 cof_err *err);
/** Appends the whole name of a blob: "PREFIX/name", or name. */
COF_MUST_USE cof_status cof_storage_blob_name(const cof_storage_place *place, const char *name,
                                              cof_buf *out, cof_err *err);

#endif
