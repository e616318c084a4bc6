#include <signal.h>

#include "apps/coffer/command.h"

int main(int argc, char **argv)
{
    /* A pipe that closes is a status, not the end of the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cof_command_main(cof_commands, argc, argv);
}
