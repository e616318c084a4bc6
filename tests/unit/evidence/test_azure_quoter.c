/*
 * The whole way of coffer-worker-azure-cvm to its evidence: the quoter behind its walls, the TCTI
 * for devices, a TPM emulator. The device is a pseudo terminal; another process plays the kernel's
 * driver behind it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "relying/verify/evidence.h"
#include "rig/amd_rig.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/azure_cvm.h"
#include "tcb/worker/quoter.h"
#include "vtpm.h"

enum { CHANNEL = 60, HEADER_SIZE = 10, COMMAND_MAX = 4096, ITEM_MAX = 16 * 1024 };

/* What the machine's process tells the other one: how its hardware is verified. */
typedef struct told {
    size_t sizes[COF_COLLATERAL_COUNT];
    uint8_t items[COF_COLLATERAL_COUNT][ITEM_MAX];
    cof_root_pin pins[3];
} told;

static struct {
    int master, slave;
    const char *path;
    pid_t pid;
    told *told; /* shared */
    amd_rig amd;
    vtpm tpm;
} machine;

static const uint8_t user_data[VTPM_USER_DATA_SIZE] = {0xc0, 0xff, 0xee};

/* ---- the machine: a process of its own, because a quoter must start before OpenSSL is used ----
 */

static void make_snp(void *context, const uint8_t report_data[static 64],
                     uint8_t place[static VTPM_HARDWARE_SIZE])
{
    const amd_rig_options options = {.report = {.report_data = report_data}};
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    assert_ok(amd_rig_report_again(context, &options, &report, NULL));
    memcpy(place, report.data, report.size);
}

static bool read_all(int fd, uint8_t *place, size_t size)
{
    for (size_t at = 0; at < size;) {
        const ssize_t got = read(fd, place + at, size - at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

static void drive(void)
{
    uint8_t bytes[COMMAND_MAX];
    while (read_all(machine.master, bytes, HEADER_SIZE)) {
        const size_t size = (size_t)bytes[4] << 8 | bytes[5];
        if (size > sizeof bytes || size < HEADER_SIZE ||
            !read_all(machine.master, bytes + HEADER_SIZE, size - HEADER_SIZE)) {
            return;
        }
        size_t answered = sizeof bytes;
        if (Tss2_Tcti_Transmit(machine.tpm.tcti, size, bytes) != TSS2_RC_SUCCESS ||
            Tss2_Tcti_Receive(machine.tpm.tcti, &answered, bytes, -1) != TSS2_RC_SUCCESS ||
            write(machine.master, bytes, answered) != (ssize_t)answered) {
            return;
        }
    }
}

static void tell(void)
{
    for (size_t i = 0; i < COF_COLLATERAL_COUNT; i++) {
        const cof_buf *item = &machine.amd.collateral.items[i];
        assert_true(item->size <= ITEM_MAX);
        machine.told->sizes[i] = item->size;
        if (item->size > 0) {
            memcpy(machine.told->items[i], item->data, item->size);
        }
    }
    memcpy(machine.told->pins, machine.amd.pins, sizeof machine.told->pins);
}

static void be_machine(int ready)
{
    const amd_rig_options options = {0};
    assert_ok(amd_rig_make(&machine.amd, &options, NULL));
    tell();
    vtpm_start(&machine.tpm, make_snp, &machine.amd);
    vtpm_refresh(&machine.tpm, user_data);
    /* Its end is the end of the terminal, which the other process holds. */
    assert_int_equal(write(ready, "r", 1), 1);
    drive();
    vtpm_stop(&machine.tpm);
    amd_rig_free(&machine.amd);
    _exit(0);
}

static int start(void **state)
{
    (void)state;
    int ready[2];
    char byte = 0;
    machine.told =
        mmap(NULL, sizeof *machine.told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(machine.told != MAP_FAILED);
    machine.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(machine.master >= 0 && grantpt(machine.master) == 0 &&
                unlockpt(machine.master) == 0);
    machine.path = ptsname(machine.master);
    assert_non_null(machine.path);
    machine.slave = open(machine.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    assert_int_equal(tcgetattr(machine.slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(machine.slave, TCSANOW, &raw), 0);
    assert_int_equal(pipe(ready), 0);
    machine.pid = fork();
    assert_true(machine.pid >= 0);
    if (machine.pid == 0) {
        (void)close(machine.slave);
        (void)close(ready[0]);
        be_machine(ready[1]);
    }
    (void)close(ready[1]);
    (void)close(machine.master);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int how = -1;
    (void)close(machine.slave);
    return waitpid(machine.pid, &how, 0) == machine.pid && how == 0 ? 0 : -1;
}

/* ---- the worker ---- */

static cof_status open_device(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    *out_folder = NULL;
    return cof_quote_source_azure_cvm(Tss2_Tcti_Device_Init, machine.path, out_source, err);
}

static void a_confined_quoter_makes_evidence_that_verifies(void **state)
{
    (void)state;
    static const cof_backend backend = {
        .name = "azure-cvm", .open = open_device, .has_quoter = true};
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_quote_request request = {0};
    cof_err err = {0};
    cof_facts facts = {0};
    cof_collateral collateral = {0};
    memcpy(request.contract.bytes, user_data, sizeof request.contract.bytes);
    memset(request.report_data, 0x42, 32);
    assert_ok(cof_quoter_start(&backend, CHANNEL, &source, &err));
    assert_ok(cof_quote_source_quote(source, &request, &evidence, &err));
    for (int i = 0; i < COF_COLLATERAL_COUNT; i++) {
        assert_ok(cof_collateral_set(&collateral, (cof_collateral_item)i,
                                     cof_view_of(machine.told->items[i], machine.told->sizes[i]),
                                     NULL));
    }
    const cof_evidence_input input = {.evidence = cof_buf_view(&evidence),
                                      .collateral = &collateral,
                                      .roots = machine.told->pins,
                                      .root_count =
                                          sizeof machine.told->pins / sizeof machine.told->pins[0],
                                      .now_unix_s = AMD_RIG_NOW};
    assert_ok(cof_evidence_verify(&input, &facts, NULL, &err));
    assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
    assert_memory_equal(facts.report_data, request.report_data, sizeof request.report_data);
    assert_memory_equal(facts.azure.claims.user_data, user_data, sizeof user_data);
    cof_collateral_free(&collateral);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)setenv("TSS2_LOG", "all+none", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_quoter_makes_evidence_that_verifies),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
