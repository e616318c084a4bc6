/* Doubles as text: the shortest digits that read back as the same number, in ECMAScript's layout.
 */
#ifndef COF_WIRE_NUMBER_H
#define COF_WIRE_NUMBER_H

#include "tcb/base/status.h"

enum { COF_NUMBER_TEXT_SIZE = 48 }; /* any text and its NUL fit */

/**
 * Writes value as ECMAScript's Number::toString does (RFC 8785 section 3.2.2.3); -0 is "0".
 * @return COF_OK, COF_E_BAD_JSON (value is not finite).
 */
COF_MUST_USE cof_status cof_number_text(double value, char out[static COF_NUMBER_TEXT_SIZE],
                                        cof_err *err);

#endif
