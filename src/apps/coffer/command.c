#include "apps/coffer/command.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/home.h"

/* What a command line said. Values are borrowed from argv. */
struct cof_args {
    const cof_command *command;
    const char *values[COF_COMMAND_OPTIONS][COF_OPTION_REPEATS];
    size_t counts[COF_COMMAND_OPTIONS];
    char **operands;
    size_t operand_count;
};

/* Options that every command has. */
typedef struct common_options {
    const char *home;
    bool json;
    bool help;
} common_options;

static size_t option_index(const cof_command *command, const char *name)
{
    size_t index = 0;
    while (command->options[index].name != NULL &&
           strcmp(command->options[index].name, name) != 0) {
        index++;
    }
    return index;
}

const char *cof_args_value(const cof_args *args, const char *option)
{
    const size_t index = option_index(args->command, option);
    return args->counts[index] > 0 ? args->values[index][args->counts[index] - 1] : NULL;
}

size_t cof_args_count(const cof_args *args, const char *option)
{
    return args->counts[option_index(args->command, option)];
}

const char *cof_args_nth(const cof_args *args, const char *option, size_t index)
{
    return args->values[option_index(args->command, option)][index];
}

size_t cof_args_operands(const cof_args *args)
{
    return args->operand_count;
}

const char *cof_args_operand(const cof_args *args, size_t index)
{
    return index < args->operand_count ? args->operands[index] : NULL;
}

static void print_overview(const cof_command *table)
{
    (void)printf(
        "coffer trains models on data that nobody outside an attested enclave can read.\n\n"
        "usage: coffer COMMAND [OPTION...] [OPERAND...]\n\n");
    for (const cof_command *command = table; command->name != NULL; command++) {
        (void)printf("  %-29s %s\n", command->name, command->summary);
    }
    (void)printf("\nEvery command takes --json (machine-readable output), --home DIR (state "
                 "folder) and --help.\n"
                 "Start with: coffer run examples/wdbc/job.yaml\n");
}

static void print_help(const cof_command *command)
{
    (void)printf("usage: coffer %s%s%s%s\n\n%s.\n", command->name,
                 command->options[0].name != NULL ? " [OPTION...]" : "",
                 command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
    if (command->details != NULL) {
        (void)printf("\n%s\n", command->details);
    }
    (void)printf("\n");
    for (const cof_option *option = command->options; option->name != NULL; option++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", option->name,
                       option->argument != NULL ? " " : "",
                       option->argument != NULL ? option->argument : "");
        (void)printf("  %-22s %s\n", left, option->help);
    }
    (void)printf("  %-22s %s\n  %-22s %s\n  %-22s %s\n", "--json", "print JSON lines", "--home DIR",
                 "the state folder (default: ~/.local/state/coffer)", "--help", "this text");
}

/* How many words of the command line are the command's name; 0 when they are not. */
static int matching_words(const cof_command *command, int argc, char **argv)
{
    const char *name = command->name;
    for (int word = 1; word < argc; word++) {
        const size_t length = strcspn(name, " ");
        if (strlen(argv[word]) != length || strncmp(argv[word], name, length) != 0) {
            return 0;
        }
        if (name[length] == '\0') {
            return word;
        }
        name += length + 1;
    }
    return 0;
}

/* A command's name is one to four words; *out_words says how many were used. */
static const cof_command *find_command(const cof_command *table, int argc, char **argv,
                                       int *out_words)
{
    for (const cof_command *command = table; command->name != NULL; command++) {
        *out_words = matching_words(command, argc, argv);
        if (*out_words > 0) {
            return command;
        }
    }
    return NULL;
}

/* Does a command before this one begin with the same size characters, and a word end there? */
static bool is_repeated(const cof_command *table, const cof_command *command, size_t size)
{
    for (const cof_command *earlier = table; earlier != command; earlier++) {
        if (strncmp(earlier->name, command->name, size) == 0 &&
            (earlier->name[size] == ' ' || earlier->name[size] == '\0')) {
            return true;
        }
    }
    return false;
}

cof_status cof_command_next_words(const cof_command *table, cof_view beginning,
                                  const char *separator, cof_buf *out, cof_err *err)
{
    const char *gap = "";
    for (const cof_command *command = table; command->name != NULL; command++) {
        if (strncmp(command->name, (const char *)beginning.data, beginning.size) == 0) {
            const char *word = command->name + beginning.size;
            const size_t size = strcspn(word, " ");
            if (!is_repeated(table, command, beginning.size + size)) {
                COF_TRY(cof_buf_printf(out, err, "%s%.*s", gap, (int)size, word));
                gap = separator;
            }
        }
    }
    return COF_OK;
}

/* As much of the line as begins commands, and a space: "access app ". "" when nothing does. */
static cof_status known_words(const cof_command *table, int argc, char **argv, cof_buf *out,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf words = {.limit = out->limit};
    for (int word = 1; word < argc; word++) {
        bool is_known = false;
        if (strlen(argv[word]) > COF_ERR_DETAIL_SIZE) {
            return COF_OK;
        }
        COF_TRY(cof_buf_printf(&words, err, "%s ", argv[word]));
        for (const cof_command *command = table; command->name != NULL && !is_known; command++) {
            is_known = strncmp(command->name, (const char *)words.data, words.size) == 0;
        }
        if (!is_known) {
            return COF_OK;
        }
        cof_buf_clear(out);
        COF_TRY(cof_buf_append(out, cof_buf_view(&words), err));
    }
    return COF_OK;
}

static cof_status unknown_command(const cof_command *table, int argc, char **argv, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf known = {.limit = 1024};
    COF_CLEANUP(cof_buf_free) cof_buf next = {.limit = 1024};
    const char *words = NULL;
    COF_TRY(known_words(table, argc, argv, &known, err));
    if (known.size == 0) {
        return COF_FAIL(err, USAGE, "there is no command %s", argv[1]);
    }
    COF_TRY(cof_command_next_words(table, cof_buf_view(&known), ", ", &next, err));
    COF_TRY(cof_buf_text(&next, &words, err));
    return COF_FAIL(err, USAGE, "after coffer %.*s there is %s", (int)known.size - 1,
                    (const char *)known.data, words);
}

enum { OPTION_HOME = 1000, OPTION_JSON, OPTION_HELP };

static cof_status parse(const cof_command *command, int argc, char **argv, cof_args *args,
                        common_options *common, cof_err *err)
{
    struct option options[COF_COMMAND_OPTIONS + 4];
    int count = 0;
    for (; command->options[count].name != NULL; count++) {
        options[count] = (struct option){
            command->options[count].name,
            command->options[count].argument != NULL ? required_argument : no_argument, NULL,
            count};
    }
    options[count] = (struct option){"home", required_argument, NULL, OPTION_HOME};
    options[count + 1] = (struct option){"json", no_argument, NULL, OPTION_JSON};
    options[count + 2] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[count + 3] = (struct option){NULL, 0, NULL, 0};
    opterr = 0;
    for (int found = 0; (found = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (found == OPTION_HOME) {
            common->home = optarg;
        } else if (found == OPTION_JSON) {
            common->json = true;
        } else if (found == OPTION_HELP) {
            common->help = true;
        } else if (found == ':') {
            return COF_FAIL(err, USAGE, "%s wants a value", argv[optind - 1]);
        } else if (found < 0 || found >= count) {
            return COF_FAIL(err, USAGE, "coffer %s has no option %s", command->name,
                            argv[optind - 1]);
        } else if (args->counts[found] == COF_OPTION_REPEATS) {
            return COF_FAIL(err, USAGE, "--%s stands too often", options[found].name);
        } else {
            args->values[found][args->counts[found]++] = optarg != NULL ? optarg : "";
        }
    }
    args->operands = argv + optind;
    args->operand_count = (size_t)(argc - optind);
    return COF_OK;
}

static cof_status check_operands(const cof_command *command, const cof_args *args, cof_err *err)
{
    const int count = (int)args->operand_count;
    if (count < command->operands_min ||
        (command->operands_max >= 0 && count > command->operands_max)) {
        return COF_FAIL(err, USAGE, "usage: coffer %s %s", command->name, command->operands);
    }
    return COF_OK;
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

static int fail(cof_output *output, cof_status status, const cof_err *err)
{
    cof_output_failure(output, status, err);
    return cof_status_describe(status)->exit_code;
}

int cof_command_main(const cof_command *table, int argc, char **argv)
{
    cof_err err = {0};
    cof_output output;
    cof_output_init(&output, wants_json(argc, argv));
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_overview(table);
        return argc < 2 ? cof_status_describe(COF_E_USAGE)->exit_code : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("coffer %s\n", COF_VERSION);
        return 0;
    }
    int words = 0;
    const cof_command *command = find_command(table, argc, argv, &words);
    if (command == NULL) {
        return fail(&output, unknown_command(table, argc, argv, &err), &err);
    }
    cof_args args = {.command = command};
    common_options common = {0};
    cof_status status = parse(command, argc - words, argv + words, &args, &common, &err);
    if (status == COF_OK && common.help) {
        print_help(command);
        return 0;
    }
    if (status == COF_OK) {
        status = check_operands(command, &args, &err);
    }
    char home[PATH_MAX];
    if (status == COF_OK) {
        status = cof_home_find(common.home, home, sizeof home, &err);
    }
    if (status == COF_OK) {
        cof_app app = {.home = home, .output = &output};
        status = command->run(&app, &args, &err);
    }
    cof_output_settle(&output);
    return status == COF_OK ? 0 : fail(&output, status, &err);
}
