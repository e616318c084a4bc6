/* Why a vault refused to release a key, in words, and what to do about it. */
#ifndef COF_APP_EXPLAIN_ADVICE_H
#define COF_APP_EXPLAIN_ADVICE_H

#include <jansson.h>
#include <stdbool.h>

typedef struct cof_advice {
    const char *why;
    const char *next;
} cof_advice;

/** @param record  of the vault's decisions (docs/formats/local.md): a refusal. Never fails: what it
 * does not know it says so. */
cof_advice cof_explain_advice(const json_t *record);

/** Was the claim of this check about the program that was measured? */
bool cof_explain_is_measurement(const char *claim);

#endif
