#include "relying/contract/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tcb/wire/json.h"

struct cof_diagnostics {
    char *file;
    cof_view text;
    size_t total;
    size_t kept;
    cof_diagnostic problems[COF_DIAGNOSTICS_KEPT];
};

cof_status cof_diagnostics_new(const char *file, cof_view text, cof_diagnostics **out, cof_err *err)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list of problems");
    }
    list->file = strdup(file);
    if (list->file == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list of problems");
    }
    list->text = text;
    *out = cof_diagnostics_take(&list);
    return COF_OK;
}

void cof_diagnostics_free(cof_diagnostics *list)
{
    if (list != NULL) {
        free(list->file);
        free(list);
    }
}

/* Cuts a text at the start of a character when vsnprintf had to cut it in the middle of one. */
static void trim_utf8(char *text)
{
    size_t size = strlen(text);
    size_t tail = 0;
    while (tail < size && tail < 4 && ((unsigned char)text[size - 1 - tail] & 0xc0) == 0x80) {
        tail++;
    }
    if (tail >= size) {
        return;
    }
    const unsigned char lead = (unsigned char)text[size - 1 - tail];
    const size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (lead >= 0xc0 && tail < need) {
        text[size - 1 - tail] = '\0';
    }
}

void cof_diagnostics_add(cof_diagnostics *list, size_t line, size_t column, const char *remedy,
                         const char *format, ...)
{
    if (list == NULL) {
        return;
    }
    list->total++;
    if (list->kept == COF_DIAGNOSTICS_KEPT) {
        return;
    }
    cof_diagnostic *problem = &list->problems[list->kept++];
    problem->line = line;
    problem->column = column;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->message, sizeof problem->message, format, arguments);
    va_end(arguments);
    trim_utf8(problem->message);
    (void)snprintf(problem->remedy, sizeof problem->remedy, "%s", remedy == NULL ? "" : remedy);
    trim_utf8(problem->remedy);
}

size_t cof_diagnostics_count(const cof_diagnostics *list)
{
    return list->total;
}

const cof_diagnostic *cof_diagnostics_at(const cof_diagnostics *list, size_t i)
{
    return i < list->kept ? &list->problems[i] : NULL;
}

static bool stands_after(const cof_diagnostic *a, const cof_diagnostic *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* By insertion: at most COF_DIAGNOSTICS_KEPT, nearly sorted, and equal places keep their order. */
void cof_diagnostics_sort(cof_diagnostics *list)
{
    for (size_t i = 1; i < list->kept; i++) {
        const cof_diagnostic moved = list->problems[i];
        size_t j = i;
        while (j > 0 && stands_after(&list->problems[j - 1], &moved)) {
            list->problems[j] = list->problems[j - 1];
            j--;
        }
        list->problems[j] = moved;
    }
}

static bool find_line(cof_view text, size_t line, cof_view *out)
{
    size_t start = 0;
    for (size_t i = 1; start < text.size; i++) {
        const uint8_t *stop = memchr(text.data + start, '\n', text.size - start);
        const size_t end = stop == NULL ? text.size : (size_t)(stop - text.data);
        if (i == line) {
            *out = cof_view_of(text.data + start, end - start);
            return true;
        }
        start = end + 1;
    }
    return false;
}

enum { SHOWN_LINE = 160 }; /* a longer line is not shown: the caret would be out of sight */

static cof_status print_source(const cof_diagnostics *list, const cof_diagnostic *problem,
                               cof_buf *out, cof_err *err)
{
    cof_view line = {0};
    if (problem->line == 0 || !find_line(list->text, problem->line, &line) ||
        line.size > SHOWN_LINE) {
        return COF_OK;
    }
    char shown[SHOWN_LINE + 1];
    char marker[SHOWN_LINE + 2];
    size_t characters = 0;
    for (size_t i = 0; i < line.size; i++) {
        const uint8_t byte = line.data[i];
        shown[i] = byte >= 0x20 && byte != 0x7f ? (char)byte : ' ';
        if ((byte & 0xc0) != 0x80) {
            characters++;
        }
    }
    size_t column = problem->column == 0 ? 1 : problem->column;
    if (column > characters + 1) {
        column = characters + 1;
    }
    memset(marker, ' ', column - 1);
    marker[column - 1] = '^';
    marker[column] = '\0';
    return cof_buf_printf(out, err, "    %.*s\n    %s\n", (int)line.size, shown, marker);
}

cof_status cof_diagnostics_print(const cof_diagnostics *list, cof_buf *out, cof_err *err)
{
    for (size_t i = 0; i < list->kept; i++) {
        const cof_diagnostic *problem = &list->problems[i];
        const char *separator = problem->remedy[0] != '\0' ? "; " : "";
        if (problem->line == 0) {
            COF_TRY(cof_buf_printf(out, err, "%s: %s%s%s\n", list->file, problem->message,
                                   separator, problem->remedy));
        } else {
            COF_TRY(cof_buf_printf(out, err, "%s:%zu:%zu: %s%s%s\n", list->file, problem->line,
                                   problem->column, problem->message, separator, problem->remedy));
        }
        COF_TRY(print_source(list, problem, out, err));
    }
    if (list->total > list->kept) {
        COF_TRY(cof_buf_printf(out, err, "%s: and %zu more problems\n", list->file,
                               list->total - list->kept));
    }
    return COF_OK;
}

static cof_status problem_json(const cof_diagnostic *problem, json_t *array, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_TRY(cof_json_set(object, "line", json_integer((json_int_t)problem->line), err));
    COF_TRY(cof_json_set(object, "column", json_integer((json_int_t)problem->column), err));
    COF_TRY(cof_json_set(object, "message", json_string(problem->message), err));
    if (problem->remedy[0] != '\0') {
        COF_TRY(cof_json_set(object, "remedy", json_string(problem->remedy), err));
    }
    return cof_json_append(array, json_incref(object), err);
}

cof_status cof_diagnostics_json(const cof_diagnostics *list, json_t **out, cof_err *err)
{
    COF_JSON json_t *problems = json_array();
    COF_JSON json_t *object = json_object();
    if (problems == NULL || object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list of problems");
    }
    for (size_t i = 0; i < list->kept; i++) {
        COF_TRY(problem_json(&list->problems[i], problems, err));
    }
    COF_TRY(cof_json_set(object, "file", json_string(list->file), err));
    COF_TRY(cof_json_set(object, "count", json_integer((json_int_t)list->total), err));
    COF_TRY(cof_json_set(object, "problems", json_incref(problems), err));
    *out = object;
    object = NULL;
    return COF_OK;
}

cof_status cof_diagnostics_status(const cof_diagnostics *list, cof_err *err)
{
    if (list->total == 0) {
        return COF_OK;
    }
    const cof_diagnostic *first = &list->problems[0];
    if (first->line == 0) {
        return COF_FAIL(err, CONTRACT_INVALID, "%s: %s", list->file, first->message);
    }
    return COF_FAIL(err, CONTRACT_INVALID, "%s:%zu:%zu: %s", list->file, first->line, first->column,
                    first->message);
}

const char *cof_diagnostics_quote(const char *text, char out[static COF_DIAGNOSTICS_QUOTED])
{
    const size_t room = COF_DIAGNOSTICS_QUOTED - 1;
    const size_t size = strlen(text);
    const size_t kept = size <= room ? size : room - 3;
    for (size_t i = 0; i < kept; i++) {
        const unsigned char byte = (unsigned char)text[i];
        out[i] = byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
    out[kept] = '\0';
    if (kept < size) {
        trim_utf8(out);
        memcpy(out + strlen(out), "...", 4);
    }
    return out;
}

/* Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours count 1.
 */
enum { WORD = 32 };

static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD + 1] = {{0}};
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_size; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            size_t best = above[j - 1] + cost;
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_size];
}

const char *cof_nearest_name(const char *word, const char *const *names, size_t count)
{
    const size_t size = strlen(word);
    if (size == 0 || size > WORD) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t least = size <= 3 ? 1 : size <= 6 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        const size_t name_size = names[i] == NULL ? 0 : strlen(names[i]);
        if (name_size == 0 || name_size > WORD) {
            continue;
        }
        const size_t distance = edit_distance(word, size, names[i], name_size);
        /* The first of equals wins; half a word changed is another word. */
        if (distance * 2 <= (size > name_size ? size : name_size) &&
            (nearest == NULL ? distance <= least : distance < least)) {
            nearest = names[i];
            least = distance;
        }
    }
    return nearest;
}
