#include "local/identity/refusal.h"

static const cof_refusal_row rows[] = {
    {500, "server_error", 90033, "An internal check failed."},
#define COF_REFUSAL(name, status, error, code, text) {status, error, code, text},
#include "local/identity/refusal.def"
#undef COF_REFUSAL
};

const cof_refusal_row *cof_refusal_describe(cof_refusal reason)
{
    return &rows[reason > 0 && reason < COF_REFUSAL_COUNT ? reason : 0];
}
