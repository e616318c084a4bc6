#include "host/executor/executor.h"

cof_status cof_executor_launch(cof_executor *executor, uint64_t memory, cof_execution **out,
                               cof_err *err)
{
    return executor->ops->launch(executor, memory, out, err);
}

void cof_executor_free(cof_executor *executor)
{
    if (executor != NULL) {
        executor->ops->free(executor);
    }
}

cof_status cof_execution_wait(cof_execution *execution, int timeout_ms, cof_exit *out, cof_err *err)
{
    return execution->ops->wait(execution, timeout_ms, out, err);
}

void cof_execution_free(cof_execution *execution)
{
    if (execution != NULL) {
        execution->ops->free(execution);
    }
}
