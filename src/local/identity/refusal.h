/* Why the token service refuses (refusal.def). A function that checks gives COF_ADMITTED, which is
 * zero, or the reason. */
#ifndef COF_LOCAL_REFUSAL_H
#define COF_LOCAL_REFUSAL_H

typedef enum cof_refusal {
    COF_ADMITTED,
#define COF_REFUSAL(name, status, error, code, text) COF_REFUSE_##name,
#include "local/identity/refusal.def"
#undef COF_REFUSAL
    COF_REFUSAL_COUNT
} cof_refusal;

/** One row. */
typedef struct cof_refusal_row {
    int status;
    const char *error;
    int code; /* AADSTS */
    const char *text;
} cof_refusal_row;

/** The row of a reason that is not COF_ADMITTED. */
const cof_refusal_row *cof_refusal_describe(cof_refusal reason);

#endif
