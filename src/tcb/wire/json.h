/*
 * Strict JSON in jansson's values: duplicate keys, trailing bytes, over-deep nesting, NUL in
 * strings, lone surrogates and over-long texts are refused. Getters name the member in the error.
 */
#ifndef COF_WIRE_JSON_H
#define COF_WIRE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "tcb/base/buf.h"

static inline void cof_json_drop_(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}
/** Declares an owner: COF_JSON json_t *value = NULL; */
#define COF_JSON COF_CLEANUP(cof_json_drop_)

/** Parses a whole text, of any type of value, of at most limit bytes; strings are not wiped later.
 * @return COF_OK, COF_E_BAD_JSON, COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_json_parse(cof_view text, size_t limit, json_t **out_value,
                                       cof_err *err);

/** Appends compact JSON, members in insertion order; 1.0 stays a real. @return as cof_buf_append.
 */
COF_MUST_USE cof_status cof_json_print(const json_t *value, cof_buf *out, cof_err *err);

/**
 * Appends the canonical form (RFC 8785): members sorted by UTF-16 code units, shortest numbers.
 * @return COF_OK, COF_E_BAD_JSON (an integer beyond 2^53, a number that is not finite), or as
 * cof_buf_append.
 */
COF_MUST_USE cof_status cof_json_canonical(const json_t *value, cof_buf *out, cof_err *err);

/*
 * Getters: the member must be there and have the type, else COF_E_BAD_FORMAT with the member's
 * name. What they give is borrowed from object. object itself must be a JSON object.
 */
COF_MUST_USE cof_status cof_json_get(const json_t *object, const char *key, json_type type,
                                     json_t **out, cof_err *err);
COF_MUST_USE cof_status cof_json_get_text(const json_t *object, const char *key, size_t limit,
                                          const char **out, cof_err *err);
COF_MUST_USE cof_status cof_json_get_int(const json_t *object, const char *key, int64_t low,
                                         int64_t high, int64_t *out, cof_err *err);
/** Integers are numbers too. */
COF_MUST_USE cof_status cof_json_get_number(const json_t *object, const char *key, double low,
                                            double high, double *out, cof_err *err);
COF_MUST_USE cof_status cof_json_get_bool(const json_t *object, const char *key, bool *out,
                                          cof_err *err);
/** Exactly size bytes as hex. */
COF_MUST_USE cof_status cof_json_get_hex(const json_t *object, const char *key, void *out,
                                         size_t size, cof_err *err);
/** base64url of at most out->limit bytes, appended to out. */
COF_MUST_USE cof_status cof_json_get_base64url(const json_t *object, const char *key, cof_buf *out,
                                               cof_err *err);

/** Refuses members that are not named in keys (count of them). @return COF_OK, COF_E_BAD_FORMAT
 * naming the first unknown one. */
COF_MUST_USE cof_status cof_json_only(const json_t *object, const char *const *keys, size_t count,
                                      cof_err *err);

/** object[key] = value, taking value over even on failure; value NULL means it could not be made.
 * @return COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_json_set(json_t *object, const char *key, json_t *value, cof_err *err);
COF_MUST_USE cof_status cof_json_append(json_t *array, json_t *value, cof_err *err);

#endif
