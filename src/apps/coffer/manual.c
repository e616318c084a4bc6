/* coffer completions | manual: made from the command table, so that they cannot lag behind it. */
#include <stdio.h>
#include <string.h>

#include "apps/coffer/commands.h"
#include "tcb/base/status.h"

COF_COMMAND(completions)
{
    (void)app;
    (void)args;
    (void)err;
    (void)printf("_coffer() {\n  local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]} words=\n  case \"$COMP_CWORD:$first ${COMP_WORDS[2]}\" in\n    1:*) words=\"");
    const char *last = "";
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        const size_t length = strcspn(command->name, " ");
        if (strlen(last) < length || strncmp(last, command->name, length) != 0) {
            (void)printf("%.*s ", (int)length, command->name);
        }
        last = command->name;
    }
    (void)printf("\";;\n");
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        (void)printf("    *:%s*) words=\"", command->name);
        for (const cof_option *option = command->options; option->name != NULL; option++) {
            (void)printf("--%s ", option->name);
        }
        (void)printf("--json --home --help\";;\n");
    }
    last = "";
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        const char *space = strchr(command->name, ' ');
        if (space == NULL || strncmp(last, command->name, (size_t)(space - command->name) + 1) == 0) {
            continue;
        }
        last = command->name;
        const int length = (int)(space - command->name);
        (void)printf("    2:%.*s*) words=\"", length, command->name);
        for (const cof_command *other = cof_commands; other->name != NULL; other++) {
            if (strncmp(other->name, command->name, (size_t)length + 1) == 0) {
                (void)printf("%s ", other->name + length + 1);
            }
        }
        (void)printf("\";;\n");
    }
    (void)printf("  esac\n  COMPREPLY=($(compgen -W \"$words\" -f -- \"$word\"))\n}\ncomplete -F _coffer coffer\n");
    return COF_OK;
}

static void print_roff(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == '\\') {
            (void)putchar('\\');
        }
        (void)putchar(*text);
    }
}

static void print_command(const cof_command *command)
{
    (void)printf(".SS coffer %s %s\n", command->name, command->operands);
    print_roff(command->summary);
    (void)printf(".\n");
    if (command->details != NULL) {
        print_roff(command->details);
        (void)printf("\n");
    }
    for (const cof_option *option = command->options; option->name != NULL; option++) {
        (void)printf(".TP\n.B \\-\\-");
        print_roff(option->name);
        (void)printf(" %s\n", option->argument != NULL ? option->argument : "");
        print_roff(option->help);
        (void)printf("\n");
    }
}

COF_COMMAND(manual)
{
    (void)app;
    (void)args;
    (void)err;
    (void)printf(".TH COFFER 1 \"\" \"coffer %s\" \"User commands\"\n.SH NAME\ncoffer \\- train models on data that nobody outside an attested enclave can read\n"
                 ".SH SYNOPSIS\n.B coffer\nCOMMAND [OPTION...] [OPERAND...]\n.SH COMMANDS\nEvery command takes\n.BR \\-\\-json ,\n.BI \\-\\-home\\  DIR\nand\n.BR \\-\\-help .\n",
                 COF_VERSION);
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        print_command(command);
    }
    (void)printf(".SH EXIT STATUS\n0 when it worked; else by kind of failure, with the status name in brackets on standard error:\n");
    for (int i = 1; i < COF_STATUS_COUNT; i++) {
        const cof_status_info *info = cof_status_describe((cof_status)i);
        (void)printf(".TP\n.B %d %s\n", info->exit_code, info->name);
        print_roff(info->text);
        (void)printf("\n");
    }
    (void)printf(".SH FILES\n.I ~/.local/state/coffer\nthe state folder: identities, sealed objects, jobs, the local services\n.SH ENVIRONMENT\n.B XDG_STATE_HOME\nmoves the state folder;\n.B NO_COLOR\nturns colours off.\n");
    return COF_OK;
}
