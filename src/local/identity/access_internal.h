/* What the files of access control share. */
#ifndef COF_LOCAL_ACCESS_INTERNAL_H
#define COF_LOCAL_ACCESS_INTERNAL_H

#include "local/identity/access.h"
#include "local/identity/access_edit.h"
#include "local/identity/roles.h"

enum {
    COF_ACCESS_BYTES = 4 * 1024 * 1024, /* each of the two files */
    COF_ACCESS_ASSIGNMENTS = 4000,
    COF_ACCESS_ROLES = 200,     /* custom ones */
    COF_ACCESS_USED_SCOPES = 8, /* that are remembered of an assignment */
    COF_ACCESS_ID_SIZE = 37
};

/** What an assignment was used for. */
typedef struct cof_access_use {
    int64_t last;                         /* 0: never */
    cof_actions actions;                  /* that it was used for */
    size_t scope_count;                   /* COF_ACCESS_USED_SCOPES + 1: more than are remembered */
    char *scopes[COF_ACCESS_USED_SCOPES]; /* owned */
} cof_access_use;

/** One assignment, ready to be asked. Texts are borrowed from the table. */
typedef struct cof_access_row {
    const char *id;
    const char *principal;
    const char *role;
    const char *scope;
    int64_t expires; /* INT64_MAX: never */
    cof_actions actions;
    cof_access_use use;
} cof_access_row;

/** A checked table. */
typedef struct cof_access_table {
    json_t *root;
    cof_access_row *rows;
    size_t count;
    int64_t revision;
} cof_access_table;

struct cof_access {
    const cof_state *state;
    cof_directory *directory;
    cof_access_table table;
    bool is_use_dirty;
    int64_t use_written; /* when the uses were last made durable */
};

/**
 * Checks a whole table, of the file or of a change, and makes its rows.
 *
 * @param root  taken over on success
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_EXISTS, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_access_table_make(json_t *root, cof_access_table *out, cof_err *err);
void cof_access_table_free(cof_access_table *table);

/** The actions of a role of this table, built in or custom. @return false when there is none. */
bool cof_access_role_actions(const json_t *root, const char *name, cof_actions *out);

/** Writes the table, whole. */
COF_MUST_USE cof_status cof_access_write(const cof_state *state, const json_t *root, cof_err *err);

/** The table of a first start, or of what an older version left. The caller owns it. */
COF_MUST_USE cof_status cof_access_first(const cof_state *state, const cof_directory *directory,
                                         json_t **out, cof_err *err);

/** An assignment as the file has it. The caller owns it. */
COF_MUST_USE cof_status cof_access_make_assignment(const cof_assignment *grant, int64_t now,
                                                   json_t **out, cof_err *err);

/** "/", or segments of names under a place that there is. */
bool cof_scope_is_valid(const char *scope);
/** Is inner at or below outer? By whole segments. */
bool cof_scope_covers(const char *outer, const char *inner);

/** Does a row count for this principal, itself or by a group? */
bool cof_access_row_is_of(const cof_directory *directory, const cof_access_row *row,
                          const char *object_id);

/**
 * Would these two tables leave somebody who can prove himself and may change grants, for ever?
 */
bool cof_access_has_admin(const cof_directory *directory, const cof_access_table *table,
                          int64_t now);

/** Notes a use, and makes the uses durable when they have not been for an hour. */
void cof_access_note(cof_access *access, cof_access_row *row, unsigned action, const char *scope,
                     int64_t now);
/** Reads what was noted before; a file that cannot be read counts as none. */
void cof_access_load_uses(cof_access *access);
/** Writes the uses; best effort: they are for review, and decide nothing. */
void cof_access_save_uses(cof_access *access);
void cof_access_use_free(cof_access_use *use);

#endif
