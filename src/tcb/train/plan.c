#include "tcb/train/plan.h"

#include "tcb/base/size.h"

const char *cof_plan_part_name(cof_plan_part part)
{
    static const char *const names[COF_PLAN_PARTS] = {
        "data", "parameters", "optimizer", "best", "activations", "order", "metrics", "threads"};
    return (unsigned)part < COF_PLAN_PARTS ? names[part] : "?";
}

cof_status cof_plan_count(cof_plan *plan, cof_plan_part part, size_t bytes, cof_err *err)
{
    size_t total = 0;
    COF_TRY(cof_size_add(plan->total_bytes, bytes, &total, err));
    plan->total_bytes = total;
    plan->bytes[part] += bytes; /* a part of the total: cannot overflow */
    return COF_OK;
}

cof_status cof_plan_take(cof_plan *plan, cof_plan_part part, size_t count, size_t size,
                         void **out_place, cof_err *err)
{
    size_t bytes = 0;
    size_t need = 0;
    COF_TRY(cof_size_mul(count, size, &bytes, err));
    COF_TRY(cof_arena_need(bytes, &need, err));
    COF_TRY(cof_plan_count(plan, part, need, err));
    plan->arena_bytes += need; /* likewise */
    if (plan->arena != NULL) {
        COF_TRY(cof_arena_take(plan->arena, bytes, out_place, err));
    }
    return COF_OK;
}

cof_status cof_plan_check(const cof_plan *plan, size_t memory_limit, cof_err *err)
{
    if (plan->total_bytes > memory_limit) {
        return COF_FAIL(err, MEMORY_LIMIT, "training needs %zu bytes where %zu are allowed",
                        plan->total_bytes, memory_limit);
    }
    return COF_OK;
}
