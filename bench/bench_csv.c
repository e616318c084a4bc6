/*
 * How fast a table of numbers is read, in the pieces that it is decrypted in.
 *
 * usage: bench_csv FILE [RUNS]     FILE: a CSV file whose columns are all numbers, the first of
 * them the target bench_csv --make ROWS     writes such a file to standard output: a 0/1 column and
 * 28 normal deviates
 *
 * Prints one JSON line: the median over the runs. The file is in memory before the clock starts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tcb/data/csv.h"

enum { PIECE_BYTES = 64 * 1024, COLUMNS = 28, RUNS_MAX = 100 };

static double now_s(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int make(size_t rows)
{
    (void)printf("y");
    for (int i = 0; i < COLUMNS; i++) {
        (void)printf(",f%d", i);
    }
    srand48(1);
    for (size_t row = 0; row < rows; row++) {
        (void)printf("\n%d", (int)(row & 1));
        for (int i = 0; i < COLUMNS; i++) {
            (void)printf(",%.7g",
                         sqrt(-2 * log(1 - drand48())) * cos(6.283185307179586 * drand48()));
        }
    }
    (void)printf("\n");
    return 0;
}

static cof_status load(const char *path, cof_buf *out, cof_err *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return COF_FAIL(err, NOT_FOUND, "%s", path);
    }
    cof_status status = COF_OK;
    for (size_t size = 1; status == COF_OK && size > 0;) {
        uint8_t *place = NULL;
        status = cof_buf_extend(out, 1 << 20, &place, err);
        if (status == COF_OK) {
            size = fread(place, 1, 1 << 20, file);
            out->size -= (1 << 20) - size;
        }
    }
    (void)fclose(file);
    return status;
}

/* The header's names, all numbers. */
static cof_status make_schema(cof_view text, cof_schema **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf json = {0};
    COF_JSON json_t *value = NULL;
    const uint8_t *end = memchr(text.data, '\n', text.size);
    const char *comma = "";
    cof_buf_init(&json, 1 << 20);
    COF_TRY(cof_buf_append_text(&json, "{\"columns\":[", err));
    for (const uint8_t *at = text.data; end != NULL && at < end;) {
        const uint8_t *stop = memchr(at, ',', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        COF_TRY(cof_buf_printf(&json, err,
                               "%s{\"name\":\"%.*s\",\"type\":\"number\",\"missing\":\"refuse\"}",
                               comma, (int)(stop - at), (const char *)at));
        comma = ",";
        at = stop + 1;
    }
    COF_TRY(cof_buf_append_text(&json, "]}", err));
    COF_TRY(cof_json_parse(cof_buf_view(&json), 1 << 20, &value, err));
    return cof_schema_from_json(value, out, err);
}

static cof_status read_once(const cof_schema *schema, cof_view text, double *out_s,
                            size_t *out_rows, size_t *out_memory, cof_err *err)
{
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
    const cof_csv_options options = {
        .schema = schema, .target = 0, .task = COF_SCHEMA_REGRESSION, .memory_limit = SIZE_MAX};
    const double start = now_s();
    COF_TRY(cof_csv_new(&options, &csv, err));
    for (size_t at = 0; at < text.size; at += PIECE_BYTES) {
        const size_t size = text.size - at < PIECE_BYTES ? text.size - at : PIECE_BYTES;
        COF_TRY(cof_csv_feed(csv, cof_view_of(text.data + at, size), err));
    }
    *out_memory = cof_csv_memory(csv);
    COF_TRY(cof_csv_finish(csv, &rows, err));
    *out_s = now_s() - start;
    *out_rows = cof_rows_count(rows);
    return COF_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static cof_status measure(const char *path, size_t runs, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    double seconds[RUNS_MAX];
    size_t rows = 0;
    size_t memory = 0;
    cof_buf_init(&text, SIZE_MAX / 4);
    COF_TRY(load(path, &text, err));
    COF_TRY(make_schema(cof_buf_view(&text), &schema, err));
    for (size_t i = 0; i < runs; i++) {
        COF_TRY(read_once(schema, cof_buf_view(&text), &seconds[i], &rows, &memory, err));
    }
    qsort(seconds, runs, sizeof *seconds, compare_doubles);
    const double median = seconds[runs / 2];
    (void)printf("{\"bench\":\"csv\",\"tool\":\"coffer\",\"bytes\":%zu,\"rows\":%zu,\"runs\":%zu,"
                 "\"s_median\":%.4f,\"MB_per_s\":%.0f,"
                 "\"memory_bytes\":%zu}\n",
                 text.size, rows, runs, median, (double)text.size / median / 1e6, memory);
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    if (argc == 3 && strcmp(argv[1], "--make") == 0) {
        return make(strtoul(argv[2], NULL, 10));
    }
    const size_t runs = argc == 3 ? strtoul(argv[2], NULL, 10) : 7;
    if (argc < 2 || argc > 3 || runs == 0 || runs > RUNS_MAX) {
        (void)fprintf(stderr, "usage: bench_csv FILE [RUNS] | bench_csv --make ROWS\n");
        return 64;
    }
    const cof_status status = measure(argv[1], runs, &err);
    if (status != COF_OK) {
        (void)fprintf(stderr, "bench_csv: %s: %s\n", cof_status_describe(status)->text, err.detail);
    }
    return cof_status_describe(status)->exit_code;
}
