/*
 * What was checked, and how it went: every verification fills one list, so that a refusal can say
 * which check failed, with the expected and the actual value. Holds public values only.
 */
#ifndef COF_POLICY_CHECKS_H
#define COF_POLICY_CHECKS_H

#include <jansson.h>

#include "tcb/base/buf.h"

enum {
    COF_CHECKS_MAX = 96,
    COF_CHECK_NAME_SIZE = 48,
    COF_CHECK_SOURCE_SIZE = 24,
    COF_CHECK_TEXT_SIZE = 176
};

/** One check. A name with a dot ("evidence.chain") is a part of the check before the dot. */
typedef struct cof_check {
    char name[COF_CHECK_NAME_SIZE];
    char
        source[COF_CHECK_SOURCE_SIZE]; /* what the actual value was read from: "quote", "PCK CRL" */
    char expected[COF_CHECK_TEXT_SIZE];
    char actual[COF_CHECK_TEXT_SIZE];
    bool is_ok;
} cof_check;

/** Checks in the order in which they were made. Zeroed is an empty list. */
typedef struct cof_checks {
    size_t count;
    bool is_overfull;   /* there were more than COF_CHECKS_MAX: never all right */
    const char *source; /* of the checks to come; NULL: "" */
    cof_check items[COF_CHECKS_MAX];
} cof_checks;

/**
 * Adds a check and gives is_ok back, so that a caller can write if (!cof_check_add(...)). Long
 * texts are cut; bytes that do not print become '?', since they may come from evidence. checks may
 * be NULL.
 */
bool cof_check_add(cof_checks *checks, const char *name, bool is_ok, const char *expected,
                   const char *actual_format, ...) __attribute__((format(printf, 5, 6)));

/** Says where the values of the checks to come are read from. source: a static text. checks may be
 * NULL. */
void cof_checks_from(cof_checks *checks, const char *source);

/** True when there is at least one check, all are right, and none was lost. */
bool cof_checks_all_ok(const cof_checks *checks);

/** The first check that failed, or NULL. */
const cof_check *cof_checks_first_failed(const cof_checks *checks);

/** The check of this name, or NULL. */
const cof_check *cof_checks_find(const cof_checks *checks, const char *name);

/** [{"name","source","ok","expected","actual"}, …]: the caller owns it. @return COF_OK,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_checks_to_json(const cof_checks *checks, json_t **out_array,
                                           cof_err *err);

#endif
