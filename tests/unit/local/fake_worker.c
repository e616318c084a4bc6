/*
 * A worker for tests of the simulated platform: does what each byte on fd 0 says, answers on fd 1.
 *
 *   q  asks for a quote over 64 bytes 0x5a: u32 size, quote     b  the same over 63 bytes
 *   i  8 bytes: open fds (bits 0 to 7), fds above 7, argc, count of environment variables, pid,
 * ppid, no_new_privs, core limit is 0 x  exits with 7     k  kills itself     s  stays for ever
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static void say(const void *data, size_t size)
{
    if (write(1, data, size) != (ssize_t)size) {
        _exit(9);
    }
}

static void quote(size_t size)
{
    static uint8_t answer[16 * 1024];
    uint8_t report_data[64];
    memset(report_data, 0x5a, sizeof report_data);
    const ssize_t sent = send(3, report_data, size, 0);
    const ssize_t got = recv(3, answer, sizeof answer, 0);
    const uint32_t count = sent < 0 || got < 0 ? UINT32_MAX : (uint32_t)got;
    say(&count, sizeof count);
    if (got > 0) {
        say(answer, (size_t)got);
    }
}

static void inform(int argc)
{
    uint8_t facts[8] = {0};
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            facts[fd < 8 ? 0 : 1] = (uint8_t)(fd < 8 ? facts[0] | 1 << fd : facts[1] + 1);
        }
    }
    struct rlimit core = {.rlim_cur = 1};
    (void)getrlimit(RLIMIT_CORE, &core);
    facts[2] = (uint8_t)argc;
    for (char **at = environ; *at != NULL; at++) {
        facts[3]++;
    }
    facts[4] = (uint8_t)(getpid() == 1 ? 1 : 0);
    facts[5] = (uint8_t)(getppid() == 0 ? 0 : 1);
    facts[6] = (uint8_t)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    facts[7] = (uint8_t)(core.rlim_cur == 0 && core.rlim_max == 0 ? 1 : 0);
    say(facts, sizeof facts);
}

int main(int argc, char **argv)
{
    (void)argv;
    char command = 0;
    while (read(0, &command, 1) == 1) {
        switch (command) {
        case 'q':
            quote(64);
            break;
        case 'b':
            quote(63);
            break;
        case 'i':
            inform(argc);
            break;
        case 'x':
            return 7;
        case 'k':
            (void)raise(SIGSEGV);
            abort();
        case 's':
            for (;;) {
                (void)pause();
            }
        default:
            return 1;
        }
    }
    return 0;
}
