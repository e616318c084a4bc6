#include "apps/coffer/output.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tcb/contract/names.h"

enum { BAR_CELLS = 28, CURVE_CELLS = 60, DEFAULT_COLUMNS = 80 };

void cof_output_init(cof_output *output, bool json)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    *output = (cof_output){.json = json, .columns = DEFAULT_COLUMNS};
    output->terminal =
        !json && isatty(STDOUT_FILENO) == 1 && term != NULL && strcmp(term, "dumb") != 0;
    output->color = output->terminal && (no_color == NULL || no_color[0] == '\0');
    struct winsize size;
    if (output->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        output->columns = size.ws_col;
    }
}

static const char *tone_start(const cof_output *output, cof_tone tone)
{
    static const char *const codes[] = {"", "\033[32m", "\033[31m", "\033[2m", "\033[1m"};
    return output->color ? codes[tone] : "";
}

static const char *tone_end(const cof_output *output, cof_tone tone)
{
    return output->color && tone != COF_TONE_PLAIN ? "\033[0m" : "";
}

void cof_output_bytes(void *context, uint64_t done, uint64_t total)
{
    cof_output *output = context;
    char text[64];
    if (output->terminal && total > 64U << 20U) {
        (void)snprintf(text, sizeof text, "%.1f of %.1f MiB", (double)done / 1048576,
                       (double)total / 1048576);
        cof_output_progress(output, "bytes", (double)done / (double)total, text);
    }
}

void cof_output_settle(cof_output *output)
{
    if (output->live) {
        (void)printf("\n");
        output->live = false;
    }
    (void)fflush(stdout);
}

/* Names, reasons and answers of others are shown too: nothing in them moves the cursor, hides a
 * text or turns it around. */
static void print_harmless(FILE *file, const char *text)
{
    for (size_t at = 0; text[at] != '\0';) {
        char one[5] = {text[at++]};
        for (size_t i = 1; i < 4 && ((unsigned char)text[at] & 0xc0) == 0x80; i++) {
            one[i] = text[at++];
        }
        const bool is_layout = one[0] == '\n' || one[0] == '\t';
        (void)fputs(is_layout || cof_contract_is_plain_text(one, 1) ? one : "?", file);
    }
}

static void print_formatted(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

static void print_formatted(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) >= 0) {
        print_harmless(stdout, text);
        free(text);
    }
}

void cof_output_line(cof_output *output, cof_tone tone, const char *format, ...)
{
    if (output->json) {
        return;
    }
    cof_output_settle(output);
    va_list arguments;
    va_start(arguments, format);
    (void)fputs(tone_start(output, tone), stdout);
    print_formatted(format, arguments);
    (void)printf("%s\n", tone_end(output, tone));
    va_end(arguments);
    (void)fflush(stdout);
}

void cof_output_stage(cof_output *output, int number, const char *name)
{
    cof_output_line(output, COF_TONE_STRONG, "%d %s", number, name);
}

void cof_output_step(cof_output *output, bool good, const char *name, const char *format, ...)
{
    if (output->json) {
        return;
    }
    cof_output_settle(output);
    const cof_tone tone = good ? COF_TONE_GOOD : COF_TONE_BAD;
    (void)printf("  %s%s%s %-14s ", tone_start(output, tone), good ? "ok" : "no",
                 tone_end(output, tone), name);
    va_list arguments;
    va_start(arguments, format);
    print_formatted(format, arguments);
    va_end(arguments);
    (void)printf("\n");
    (void)fflush(stdout);
}

void cof_output_progress(cof_output *output, const char *name, double fraction, const char *text)
{
    if (output->json) {
        return;
    }
    fraction = fraction < 0 ? 0 : (fraction > 1 ? 1 : fraction);
    if (!output->terminal) {
        (void)printf("  .. %-14s %3d%%  %s\n", name, (int)(fraction * 100), text);
        (void)fflush(stdout);
        return;
    }
    char bar[BAR_CELLS + 1];
    const int filled = (int)lround(fraction * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_CELLS] = '\0';
    char line[256];
    (void)snprintf(line, sizeof line, "  .. %-14s [%s] %3d%%  %s", name, bar, (int)(fraction * 100),
                   text);
    const size_t width = (size_t)output->columns - 1;
    if (width < sizeof line) {
        line[width] = '\0';
    }
    (void)printf("\r\033[K%s", line);
    (void)fflush(stdout);
    output->live = true;
}

void cof_output_curve(cof_output *output, const char *name, const double *values, size_t count)
{
    if (output->json || count < 2) {
        return;
    }
    enum { ROWS = 8 };
    double low = values[0];
    double high = values[0];
    for (size_t i = 1; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    const size_t cells = count < CURVE_CELLS ? count : CURVE_CELLS;
    cof_output_settle(output);
    (void)printf("\n  %s over %zu epochs\n", name, count);
    for (int row = 0; row < ROWS; row++) {
        char line[CURVE_CELLS + 1];
        for (size_t cell = 0; cell < cells; cell++) {
            const size_t at = cells == 1 ? 0 : cell * (count - 1) / (cells - 1);
            const double scaled = high > low ? (values[at] - low) / (high - low) : 0;
            const int height = (int)lround(scaled * (ROWS - 1));
            line[cell] = height == ROWS - 1 - row ? '*' : ' ';
        }
        line[cells] = '\0';
        if (row == 0 || row == ROWS - 1) {
            (void)printf("  %9.4f |%s\n", row == 0 ? high : low, line);
        } else {
            (void)printf("            |%s\n", line);
        }
    }
    (void)fflush(stdout);
}

void cof_output_json(cof_output *output, const json_t *value)
{
    if (!output->json) {
        return;
    }
    (void)json_dumpf(value, stdout, JSON_COMPACT);
    (void)printf("\n");
    (void)fflush(stdout);
}

const char *cof_remedy(cof_status status)
{
    static const struct {
        cof_status status;
        const char *text;
    } remedies[] = {
        {COF_E_USAGE, "see coffer --help, or coffer COMMAND --help"},
        {COF_E_CONTRACT_EXPIRED,
         "agree to a new contract: set limits.expires in the job and run it again"},
        {COF_E_RUNS_EXHAUSTED,
         "agree to a new contract: raise limits.runs in the job and run it again"},
        {COF_E_CONSENT_MISSING,
         "each owner consents in their own home: coffer contract consent CONTRACT.json --as OWNER"},
        {COF_E_MEMORY_LIMIT,
         "raise limits.memory in the job, or make the model or the batch smaller"},
        {COF_E_MEASUREMENT_REFUSED, "the worker that ran is not the one in the contract: install "
                                    "the agreed version, or agree to a new contract"},
        {COF_E_PLATFORM_REFUSED, "name the platform in platform.accept, if you mean to trust it"},
        {COF_E_EVIDENCE_DEBUG, "run the worker without debugging"},
        {COF_E_COLLATERAL_MISSING,
         "coffer evidence collateral fetch EVIDENCE, or give a folder or bundle with --collateral"},
        {COF_E_COLLATERAL_OLD,
         "fetch it again: coffer evidence collateral fetch EVIDENCE; or judge "
         "as of the day of the evidence, with --at"},
        {COF_E_COLLATERAL_EARLY, "check this machine's clock, or the time given with --at"},
        {COF_E_COLLATERAL_ROLLED_BACK,
         "fetch the newest; somebody may be serving old collateral on purpose"},
        {COF_E_COLLATERAL_MISMATCH, "fetch collateral for this very evidence"},
        {COF_E_TCB_UNKNOWN, "the platform needs firmware that its vendor knows: update it"},
        {COF_E_TCB_REFUSED,
         "update the platform; or accept its rating in tcb, knowing what is open"},
        {COF_E_KERNEL_MISMATCH, "resume on a machine with the kernel path that the run was started "
                                "on, or start a new run"},
        {COF_E_KERNEL_UNAVAILABLE, "set training.kernel to any, or use a machine that has it"},
        {COF_E_NOT_A_RECIPIENT, "use the key of a recipient: coffer data inspect FILE lists them"},
        {COF_E_DATA_INVALID, "coffer data validate FILE lists the places"},
        {COF_E_SCHEMA_MISMATCH,
         "correct the data or its schema: coffer data validate FILE lists the places"},
        {COF_E_NO_SPACE,
         "free some disk space and run the same command again: it goes on where it stopped"},
        {COF_E_PERMISSION, "check the owner and mode of the file or folder"},
        {COF_E_NETWORK,
         "check the connection, and that the services run (coffer up, coffer doctor)"},
        {COF_E_BUSY, "wait for the other command, or stop it"},
        {COF_E_NUMERIC, "lower training.optimizer.learning_rate, or check the data for outliers"},
        {COF_E_VERIFY_FAILED,
         "do not use this model: get the receipt and the outputs from their source again"},
        {COF_E_WORKER_DIED, "run the same command again: it goes on from the last checkpoint; "
                            "coffer doctor checks this host"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].status == status) {
            return remedies[i].text;
        }
    }
    return NULL;
}

void cof_output_failure(cof_output *output, cof_status status, const cof_err *err)
{
    const cof_status_info *info = cof_status_describe(status);
    const char *detail = err->status == status ? err->detail : "";
    const char *remedy = cof_remedy(status);
    cof_output_settle(output);
    if (output->json) {
        json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s?}", "status", "failed", "code", info->name,
                                   "message", info->text, "detail", detail, "next", remedy);
        if (object != NULL) {
            cof_output_json(output, object);
            json_decref(object);
        }
    }
    (void)fprintf(stderr, "coffer: %s%s", info->text, detail[0] != '\0' ? ": " : "");
    print_harmless(stderr, detail);
    (void)fprintf(stderr, " [%s]\n", info->name);
    if (remedy != NULL) {
        (void)fprintf(stderr, "        %s\n", remedy);
    }
}
