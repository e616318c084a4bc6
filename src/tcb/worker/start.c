#include <stddef.h>

#include "tcb/wire/reader.h"
#include "tcb/worker/confine.h"
#include "tcb/worker/talk.h"

/*
 * Bytes of address space beside what a contract allows for data and model: stacks of threads, the
 * C library's own growth, frames. The plan is what refuses a job; this limit only backs it.
 */
static const uint64_t MEMORY_SLACK = (uint64_t)64 * 1024 * 1024;
static const uint64_t STACK_BYTES = (uint64_t)8 * 1024 * 1024 + 64 * 1024;

/* What START's kernel byte may be, and what that is. */
static const struct {
    cof_kernel_path path;
    cof_contract_kernel in_contract;
} kernels[] = {
    {COF_PATH_SCALAR, COF_CONTRACT_KERNEL_SCALAR},
    {COF_PATH_AVX2, COF_CONTRACT_KERNEL_AVX2},
    {COF_PATH_AVX512, COF_CONTRACT_KERNEL_AVX512},
};
enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

/* The contract's kernel wins; where it says any, the host may choose; where the host does not, the
 * best. */
static cof_status choose_kernel(cof_worker *worker, uint8_t asked, cof_err *err)
{
    if (asked > KERNEL_COUNT) {
        return COF_FAIL(err, PROTOCOL, "kernel %u", asked);
    }
    const cof_contract_kernel wanted = worker->contract->training.kernel;
    cof_kernel_path path = asked == 0 ? cof_path_best() : kernels[asked - 1].path;
    for (size_t i = 0; wanted != COF_CONTRACT_KERNEL_ANY && i < KERNEL_COUNT; i++) {
        if (kernels[i].in_contract == wanted) {
            path = kernels[i].path;
        }
    }
    if (asked != 0 && path != kernels[asked - 1].path) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the contract asks for kernel %s",
                        cof_path_name(path));
    }
    if (!cof_path_is_available(path)) {
        return COF_FAIL(err, KERNEL_UNAVAILABLE, "%s", cof_path_name(path));
    }
    worker->path = path;
    return COF_OK;
}

cof_status cof_worker_start(cof_worker *worker, cof_err *err)
{
    uint8_t type = 0;
    COF_TRY(cof_worker_hear(worker, &type, err));
    cof_reader reader = cof_reader_of(cof_buf_view(&worker->frame));
    uint8_t version = 0;
    uint8_t kernel = 0;
    cof_view contract = {0};
    COF_TRY(cof_read_u8(&reader, &version, err));
    if (version != COF_PROTOCOL_VERSION) {
        return COF_FAIL(err, BAD_VERSION, "protocol %u", version);
    }
    COF_TRY(cof_read_copy(&reader, worker->run, sizeof worker->run, err));
    COF_TRY(cof_read_u8(&reader, &kernel, err));
    COF_TRY(cof_read_view(&reader, cof_reader_left(&reader), &contract, err));
    COF_TRY(cof_contract_parse(contract, &worker->contract, err));
    COF_TRY(choose_kernel(worker, kernel, err));
    const uint64_t stacks = worker->contract->training.threads * STACK_BYTES;
    /* Address space, not memory: rows and their final table are both mapped while one moves into
     * the other. */
    COF_TRY(cof_confine_memory(worker->config->in_use_bytes,
                               2 * worker->contract->limits.memory_bytes + stacks + MEMORY_SLACK,
                               err));
    /* Made here, for this process alone; they never leave it. */
    COF_TRY(cof_rsa_generate(2048, &worker->transfer, err));
    return cof_ec_generate(&worker->sign, err);
}
