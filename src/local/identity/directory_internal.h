/* What the directory's files share. */
#ifndef COF_LOCAL_DIRECTORY_INTERNAL_H
#define COF_LOCAL_DIRECTORY_INTERNAL_H

#include "local/identity/directory_edit.h"

/* The applications of an older version. */
#define COF_OLD_CLIENTS_FILE "identity/clients.json"

enum {
    COF_DIRECTORY_KINDS = 3,
    COF_DIRECTORY_BYTES = 4 * 1024 * 1024, /* the whole file */
    COF_GUID_SIZE = 37,                    /* its text and a NUL */
    COF_DIRECTORY_LOCKS = 64               /* users whose wrong passwords are counted at a time */
};

/** The lists of the file, by kind. */
extern const char *const cof_directory_lists[COF_DIRECTORY_KINDS];

/** A checked table, and what finds an entry in it: {key: entry} for each. */
typedef struct cof_directory_table {
    json_t *root;
    json_t *by_object[COF_DIRECTORY_KINDS];
    json_t *by_name[COF_DIRECTORY_KINDS];
    json_t *by_client;
    json_t *members; /* {group's object id: {member's object id: true}} */
    int64_t revision;
} cof_directory_table;

/** Wrong passwords of one user, in memory: a restart, which only the owner of the machine can do,
 * forgets them. */
typedef struct cof_directory_lock {
    char object_id[COF_GUID_SIZE];
    unsigned failures;
    int64_t until; /* no try is looked at before */
    int64_t last;
} cof_directory_lock;

struct cof_directory {
    const cof_state *state;
    cof_directory_table table;
    cof_directory_lock locks[COF_DIRECTORY_LOCKS];
    cof_directory_guard guard; /* NULL: none */
    void *guard_context;
};

/**
 * Checks a whole table, of the file or of a change that is to be written, and indexes it.
 *
 * @param root  taken over on success
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_EXISTS (a name or id stands twice), COF_E_LIMIT,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_directory_table_make(json_t *root, cof_directory_table *out,
                                                 cof_err *err);
void cof_directory_table_free(cof_directory_table *table);

/** Writes a table, whole. @return COF_OK, COF_E_LIMIT, or as cof_state_write. */
COF_MUST_USE cof_status cof_directory_write(const cof_state *state, const json_t *root,
                                            cof_err *err);

/** The table of a first start, or of what an older version left; with the credential files of the
 * first applications. The caller owns it. Nothing but those files is written. */
COF_MUST_USE cof_status cof_directory_first(const cof_state *state, json_t **out, cof_err *err);

/** Their names, ended by NULL. */
extern const char *const cof_directory_first_apps[];

/** Writes clients/NAME.json of one of them. */
COF_MUST_USE cof_status cof_directory_write_credential(const cof_state *state,
                                                       const cof_principal *app, cof_view secret,
                                                       cof_err *err);
/** Writes those anew that say another address, or folder, than this installation now has. */
COF_MUST_USE cof_status cof_directory_refresh_credentials(const cof_directory *directory,
                                                          cof_err *err);

/** A new entry of a kind with this name. The caller owns it. */
COF_MUST_USE cof_status cof_directory_make_entry(cof_principal_kind kind, const char *name,
                                                 int64_t now, json_t **out, cof_err *err);

/**
 * Makes a client secret of 32 random bytes and adds its digest to an application's entry.
 *
 * @param expires  Unix seconds; 0: never
 * @param out_id   the secret's own id
 * @param out_secret  appended: base64url
 */
COF_MUST_USE cof_status cof_directory_make_secret(json_t *entry, int64_t now, int64_t expires,
                                                  char out_id[static COF_GUID_SIZE],
                                                  cof_buf *out_secret, cof_err *err);

/** A certificate as an entry holds it, of the first of a PEM text. The caller owns it. */
COF_MUST_USE cof_status cof_directory_read_certificate(cof_view pem, int64_t now, json_t **out,
                                                       cof_err *err);
/** The same for an identity of another issuer. */
COF_MUST_USE cof_status cof_directory_read_federated(const char *name,
                                                     const cof_federated *identity, json_t **out,
                                                     cof_err *err);

/** {"salt","n","r","p","hash"} of a password, by scrypt (RFC 7914). The caller owns it. */
COF_MUST_USE cof_status cof_password_make(const char *password, json_t **out, cof_err *err);
/** @param stored  as above; NULL: the same work, and false. */
bool cof_password_fits(const json_t *stored, const char *password);
/** The form of what is stored. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_password_check(const json_t *stored, cof_err *err);

/** Is the text a GUID? Its lower case is written when it is. */
bool cof_guid_lower(const char *text, char out[static COF_GUID_SIZE]);
/** 1 to COF_DIRECTORY_NAME_MAX of a-z, 0-9 and '-', not at an end; and no GUID: where a name or an
 * id may stand, it is never the id of somebody else. */
bool cof_directory_name_is_valid(const char *name);

/** Wrong passwords are forgotten. */
void cof_directory_unlock(cof_directory *directory, const char *object_id);

/** The entry as a principal. */
cof_principal cof_directory_principal(cof_principal_kind kind, const json_t *entry);

#endif
