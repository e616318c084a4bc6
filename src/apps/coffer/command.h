/*
 * The command table: one row a command. Parsing, --help, completions and the man page are made from
 * it.
 */
#ifndef COF_APP_COMMAND_H
#define COF_APP_COMMAND_H

#include "apps/coffer/output.h"
#include "tcb/base/buf.h"

enum { COF_COMMAND_OPTIONS = 12, COF_OPTION_REPEATS = 16 };

/** One option of a command; a row with name NULL ends the list. */
typedef struct cof_option {
    const char *name;     /* "out": typed as --out */
    const char *argument; /* "DIR", or NULL for a switch */
    const char *help;
} cof_option;

typedef struct cof_args cof_args;

/** What every command is given. */
typedef struct cof_app {
    const char *home; /* the state folder; absolute */
    cof_output *output;
} cof_app;

typedef struct cof_command {
    const char *name;     /* "data seal" */
    const char *operands; /* "FILE", "RECEIPT [FILE...]" or "" */
    int operands_min;
    int operands_max; /* -1: any number */
    const char *summary;
    const char *details; /* further paragraphs for --help and the man page, or NULL */
    cof_option options[COF_COMMAND_OPTIONS];
    cof_status (*run)(cof_app *app, const cof_args *args, cof_err *err);
} cof_command;

/** The value of an option, or NULL; of a repeated one, the last. */
const char *cof_args_value(const cof_args *args, const char *option);
/** How often an option was given. */
size_t cof_args_count(const cof_args *args, const char *option);
/** The index-th value of a repeated option. */
const char *cof_args_nth(const cof_args *args, const char *option, size_t index);
size_t cof_args_operands(const cof_args *args);
const char *cof_args_operand(const cof_args *args, size_t index);

/** The table, ended by a row with name NULL. */
extern const cof_command cof_commands[];

/**
 * Appends the words that can come next after a beginning such as "access app ", each once, with
 * separator between them. @return as cof_buf_append.
 */
COF_MUST_USE cof_status cof_command_next_words(const cof_command *table, cof_view beginning,
                                               const char *separator, cof_buf *out, cof_err *err);

/** Parses and runs a command line. @return the program's exit code. */
int cof_command_main(const cof_command *table, int argc, char **argv);

#endif
