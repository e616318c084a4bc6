/* coffer completions | manual: made from the command table, so that they cannot lag behind it. */
#include <stdio.h>
#include <string.h>

#include "apps/coffer/commands.h"
#include "tcb/base/status.h"

/* The first row of each first word: "data seal" for data, "run" for run. */
static bool is_first_of_group(const cof_command *command)
{
    const size_t length = strcspn(command->name, " ");
    return command == cof_commands || strncmp(command[-1].name, command->name, length) != 0 ||
           strcspn(command[-1].name, " ") != length;
}

enum { WORDS_MAX = 4 };

/* Of a name with more words than these: the characters of them, with the space after them; else 0.
 */
static size_t beginning(const char *name, int words)
{
    size_t size = 0;
    for (int i = 0; i < words; i++) {
        size += strcspn(name + size, " ");
        if (name[size] == '\0') {
            return 0;
        }
        size++;
    }
    return size;
}

/* What can come after so many words. The longer ones stand first: the shell takes what fits first.
 */
static cof_status print_groups(int words, cof_err *err)
{
    size_t last_size = 0;
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        COF_CLEANUP(cof_buf_free) cof_buf next = {.limit = 4096};
        const size_t size = beginning(command->name, words);
        if (size == 0 ||
            (size == last_size && strncmp(command[-1].name, command->name, size) == 0)) {
            last_size = size;
            continue;
        }
        last_size = size;
        COF_TRY(cof_command_next_words(cof_commands, cof_view_of(command->name, size), " ", &next,
                                       err));
        (void)printf("    \"%.*s\"*) words=\"%.*s\";;\n", (int)size, command->name, (int)next.size,
                     (const char *)next.data);
    }
    return COF_OK;
}

COF_COMMAND(completions)
{
    (void)app;
    (void)args;
    (void)printf("_coffer() {\n  local word=${COMP_WORDS[COMP_CWORD]} words=\n  if [ "
                 "\"$COMP_CWORD\" = 1 ]; then words=\"");
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        if (is_first_of_group(command)) {
            (void)printf("%.*s ", (int)strcspn(command->name, " "), command->name);
        }
    }
    (void)printf("\"; else case \"${COMP_WORDS[*]:1:4}\" in\n");
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        (void)printf("    \"%s%s\"*) words=\"", command->name,
                     strchr(command->name, ' ') == NULL ? " " : "");
        for (const cof_option *option = command->options; option->name != NULL; option++) {
            (void)printf("--%s ", option->name);
        }
        (void)printf("--json --home --help\";;\n");
    }
    for (int words = WORDS_MAX - 1; words > 0; words--) {
        COF_TRY(print_groups(words, err));
    }
    (void)printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -f -- \"$word\"))\n}\ncomplete "
                 "-F _coffer coffer\n");
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
    (void)printf(".TH COFFER 1 \"\" \"coffer %s\" \"User commands\"\n.SH NAME\ncoffer \\- train "
                 "models on data that nobody outside an attested enclave can read\n"
                 ".SH SYNOPSIS\n.B coffer\nCOMMAND [OPTION...] [OPERAND...]\n.SH COMMANDS\nEvery "
                 "command takes\n.BR \\-\\-json ,\n.BI \\-\\-home\\  DIR\nand\n.BR \\-\\-help .\n",
                 COF_VERSION);
    for (const cof_command *command = cof_commands; command->name != NULL; command++) {
        print_command(command);
    }
    (void)printf(".SH EXIT STATUS\n0 when it worked; else by kind of failure, with the status name "
                 "in brackets on standard error:\n");
    for (int i = 1; i < COF_STATUS_COUNT; i++) {
        const cof_status_info *info = cof_status_describe((cof_status)i);
        (void)printf(".TP\n.B %d %s\n", info->exit_code, info->name);
        print_roff(info->text);
        (void)printf("\n");
    }
    (void)printf(".SH FILES\n.I ~/.local/state/coffer\nthe state folder: identities, sealed "
                 "objects, jobs, the local services\n.SH ENVIRONMENT\n.B XDG_STATE_HOME\nmoves the "
                 "state folder;\n.B NO_COLOR\nturns colours off.\n");
    return COF_OK;
}
