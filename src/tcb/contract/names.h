/* Names, texts and addresses that may stand in a contract; used by its reader and by what writes
 * it. */
#ifndef COF_CONTRACT_NAMES_H
#define COF_CONTRACT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    COF_CONTRACT_NAME_CHARACTERS = 63,
    COF_CONTRACT_PURPOSE_CHARACTERS = 200,
    COF_CONTRACT_URL_BYTES = 512
};

/** The texts of an enum, in the order of its values. */
typedef struct cof_names {
    size_t count;
    const char *const *texts;
} cof_names;

extern const cof_names cof_names_platform;
extern const cof_names cof_names_format;
extern const cof_names cof_names_use;
extern const cof_names cof_names_task;
extern const cof_names cof_names_model;
extern const cof_names cof_names_activation;
extern const cof_names cof_names_optimizer;
extern const cof_names cof_names_weights;
extern const cof_names cof_names_stop; /* the first stands for null */
extern const cof_names cof_names_kernel;
extern const cof_names cof_names_precision;
extern const cof_names cof_names_output_format;
extern const cof_names cof_names_disclosure; /* bit by bit */
extern const cof_names cof_names_part;
extern const cof_names cof_names_encryption; /* the first is what an object without one has */

/** @return false when no text is the same; then *out_index is unchanged. */
bool cof_names_find(const cof_names *names, const char *text, size_t *out_index);

/** [a-z0-9][a-z0-9-]{0,62} */
bool cof_contract_is_name(const char *text);

/**
 * UTF-8 of 1 to limit characters that cannot fool the one who reads it on a terminal: no control
 * characters, line separators or changes of writing direction.
 */
bool cof_contract_is_plain_text(const char *text, size_t limit);

/** https://host[:port], no path. */
bool cof_contract_is_authority(const char *text);

/** https://host[:port]/keys/name/version: one version of one key. */
bool cof_contract_is_key_url(const char *text);

/** 1 to COF_CONTRACT_URL_BYTES printable ASCII characters, no space. */
bool cof_contract_is_kid(const char *text);

#endif
