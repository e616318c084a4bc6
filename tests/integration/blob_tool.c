/*
 * The storage client's operations on a command line, for test_blob.py:
 *
 *   blob_tool URL CREDENTIAL|- CA|- SECONDARY|- COMMAND ARGUMENT...
 *
 * Prints what was found, then the status' name and the failure's detail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/store/azure_store.h"

typedef struct tool {
    cof_blob_store *store;
    cof_blob_client *client;
    int argc;
    char **argv;
} tool;

static const char *argument(const tool *t, int index)
{
    return index < t->argc ? t->argv[index] : "";
}

/* "new", "match:ETAG", "lease:ID" */
static cof_blob_condition condition(const char *text)
{
    cof_blob_condition c = {.only_new = strcmp(text, "new") == 0};
    if (strncmp(text, "match:", 6) == 0) {
        c.if_match = text + 6;
    }
    if (strncmp(text, "lease:", 6) == 0) {
        c.lease = text + 6;
    }
    return c;
}

static long number(const tool *t, int index)
{
    return strtol(argument(t, index), NULL, 10);
}

static cof_status run_create(const tool *t, cof_err *err)
{
    return cof_blob_container_create(t->client, err);
}

static cof_status run_put(const tool *t, cof_err *err)
{
    const cof_blob_condition c = condition(argument(t, 2));
    return cof_blob_client_put(t->client, argument(t, 0), cof_view_text(argument(t, 1)), &c, err);
}

static cof_status run_get(const tool *t, cof_err *err)
{
    static uint8_t out[64 << 20];
    const uint64_t offset = strtoull(argument(t, 1), NULL, 10);
    const size_t size = strtoull(argument(t, 2), NULL, 10);
    COF_TRY(cof_blob_read(t->store, argument(t, 0), offset, (cof_span){out, size}, err));
    (void)fwrite(out, 1, size, stdout);
    (void)putchar('\n');
    return COF_OK;
}

/* Reads a megabyte, waits for a line, reads the rest in order. */
static cof_status run_pause(const tool *t, cof_err *err)
{
    static uint8_t out[1 << 20];
    uint64_t size = 0;
    COF_TRY(cof_blob_size(t->store, argument(t, 0), &size, err));
    for (uint64_t at = 0; at + sizeof out <= size; at += sizeof out) {
        COF_TRY(cof_blob_read(t->store, argument(t, 0), at, (cof_span){out, sizeof out}, err));
        if (at == 0) {
            (void)puts("reading");
            (void)fflush(stdout);
            (void)getchar();
        }
    }
    return COF_OK;
}

static cof_status run_properties(const tool *t, cof_err *err)
{
    cof_blob_properties found = {0};
    COF_TRY(cof_blob_properties_get(t->client, argument(t, 0), &found, err));
    (void)printf("%llu %s\n", (unsigned long long)found.size, found.etag);
    return COF_OK;
}

static cof_status run_delete(const tool *t, cof_err *err)
{
    const cof_blob_condition c = condition(argument(t, 1));
    return cof_blob_client_delete(t->client, argument(t, 0), &c, err);
}

static cof_status print_name(void *context, const cof_storage_listed *blob, cof_err *err)
{
    (void)context;
    (void)err;
    (void)printf("%s ", blob->name);
    return COF_OK;
}

static cof_status run_list(const tool *t, cof_err *err)
{
    const unsigned page = (unsigned)strtoul(argument(t, 1), NULL, 10);
    const unsigned long before = t->client->sent;
    COF_TRY(cof_blob_client_list(t->client, argument(t, 0), page, print_name, NULL, err));
    (void)printf("in %lu\n", t->client->sent - before);
    return COF_OK;
}

static cof_status run_copy(const tool *t, cof_err *err)
{
    return cof_blob_client_copy(t->client, argument(t, 0), argument(t, 1), 10000, err);
}

static cof_status run_acquire(const tool *t, cof_err *err)
{
    char id[COF_BLOB_LEASE_SIZE];
    COF_TRY(cof_blob_lease_acquire(t->client, argument(t, 0), (int)number(t, 1), id, err));
    (void)puts(id);
    return COF_OK;
}

static cof_status run_renew(const tool *t, cof_err *err)
{
    return cof_blob_lease_renew(t->client, argument(t, 0), argument(t, 1), err);
}

static cof_status run_change(const tool *t, cof_err *err)
{
    return cof_blob_lease_change(t->client, argument(t, 0), argument(t, 1), argument(t, 2), err);
}

static cof_status run_release(const tool *t, cof_err *err)
{
    return cof_blob_lease_release(t->client, argument(t, 0), argument(t, 1), err);
}

static cof_status run_break(const tool *t, cof_err *err)
{
    return cof_blob_lease_break(t->client, argument(t, 0), err);
}

static cof_status run_share(const tool *t, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf url = {.limit = 4096};
    const char *text = NULL;
    COF_TRY(cof_blob_share(t->client, argument(t, 0), argument(t, 1),
                           (int64_t)time(NULL) + number(t, 2), &url, err));
    COF_TRY(cof_buf_text(&url, &text, err));
    (void)puts(text);
    return COF_OK;
}

static cof_status run_hold(const tool *t, cof_err *err)
{
    return cof_blob_legal_hold(t->client, argument(t, 0), strcmp(argument(t, 1), "on") == 0, err);
}

static cof_status run_keep(const tool *t, cof_err *err)
{
    return cof_blob_retain_until(t->client, argument(t, 0), number(t, 1), true, err);
}

static cof_status run_keep_end(const tool *t, cof_err *err)
{
    return cof_blob_retain_end(t->client, argument(t, 0), err);
}

static const struct {
    const char *name;
    cof_status (*run)(const tool *t, cof_err *err);
} commands[] = {{"create", run_create}, {"put", run_put},          {"get", run_get},
                {"pause", run_pause},   {"delete", run_delete},    {"properties", run_properties},
                {"list", run_list},     {"copy", run_copy},        {"acquire", run_acquire},
                {"renew", run_renew},   {"change", run_change},    {"release", run_release},
                {"break", run_break},   {"share", run_share},      {"hold", run_hold},
                {"keep", run_keep},     {"keep-end", run_keep_end}};

static const char *optional(const char *text)
{
    return strcmp(text, "-") != 0 ? text : NULL;
}

static cof_status run(int argc, char **argv, cof_err *err)
{
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    const cof_blob_client_options options = {
        .url = argv[1],
        .credential_path = optional(argv[2]),
        .ca_path = optional(argv[3]),
        .secondary = optional(argv[4]),
        .retry = {.attempts = 3, .base_ms = 10, .cap_ms = 50, .budget_ms = 2000}};
    COF_TRY(cof_azure_store_open(&options, &store, err));
    const tool t = {store, cof_azure_store_client(store), argc - 6, argv + 6};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[5]) == 0) {
            return commands[i].run(&t, err);
        }
    }
    return COF_FAIL(err, USAGE, "no command %s", argv[5]);
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    const cof_status status = argc > 5 ? run(argc, argv, &err) : COF_E_USAGE;
    (void)printf("%s %s\n", status != COF_OK ? cof_status_describe(status)->name : "OK",
                 status != COF_OK ? err.detail : "");
    return status != COF_OK;
}
