/* What Intel's signed documents have in common: plain JSON, dates, levels. Used by the readers in
 * this folder. */
#ifndef COF_VERIFY_INTEL_JSON_H
#define COF_VERIFY_INTEL_JSON_H

#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"
#include "tcb/wire/json.h"

/**
 * Parses an inner object. Intel's documents hold objects, arrays, texts and whole numbers: signs,
 * fractions, exponents, truth values and null are refused where they stand.
 *
 * @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_intel_json_parse(cof_view body, json_t **out_object, cof_err *err);

/** The member as a date and time. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_intel_json_time(const json_t *object, const char *key,
                                            int64_t *out_unix_s, cof_err *err);

/** issueDate and nextUpdate, in this order in time. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_intel_json_validity(const json_t *object, int64_t *out_issued_unix_s,
                                                int64_t *out_next_update_unix_s, cof_err *err);

/** A whole number from 0 to 2^32 - 1, 2^16 - 1, 2^8 - 1. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_intel_json_u32(const json_t *object, const char *key, uint32_t *out,
                                           cof_err *err);
COF_MUST_USE cof_status cof_intel_json_u16(const json_t *object, const char *key, uint16_t *out,
                                           cof_err *err);
COF_MUST_USE cof_status cof_intel_json_u8(const json_t *object, const char *key, uint8_t *out,
                                          cof_err *err);

/** tcbDate, tcbStatus and, where there are any, advisoryIDs of a level. Ratings that only a
 * verifier can find (TDRelaunchAdvised) are refused. @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_intel_json_rating(const json_t *level, int64_t *out_date_unix_s,
                                              cof_tcb_status *out_status,
                                              cof_advisories *out_advisories, cof_err *err);

/** The member tcbLevels as an array of 1 to limit objects. @return COF_OK, COF_E_BAD_FORMAT,
 * COF_E_LIMIT. */
COF_MUST_USE cof_status cof_intel_json_levels(const json_t *object, size_t limit,
                                              json_t **out_array, cof_err *err);

/**
 * The member tcbLevels of a QE or a TDX module: levels of one security version, strictly falling.
 *
 * @param out  room for limit
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_intel_json_svn_levels(const json_t *object, size_t limit,
                                                  cof_svn_level *out, size_t *out_count,
                                                  cof_err *err);

#endif
