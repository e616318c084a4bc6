/* The files of the directory ('d' before it) and of the grants ('a'): refused, or taken as a table
 * whose every row can be asked, and which is taken again when it was printed. */
#include <stdlib.h>
#include <string.h>

#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/wire/json.h"

enum { TEXT_BYTES = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The same value, printed and read again. */
static json_t *again(const json_t *value)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8 * TEXT_BYTES};
    json_t *copy = NULL;
    require(cof_json_print(value, &text, NULL) == COF_OK);
    require(cof_json_parse(cof_buf_view(&text), 8 * TEXT_BYTES, &copy, NULL) == COF_OK);
    return copy;
}

static void ask_directory(json_t *root)
{
    COF_CLEANUP(cof_directory_table_free) cof_directory_table second = {0};
    cof_directory directory = {0};
    const json_t *app = NULL;
    size_t i = 0;
    if (cof_directory_table_make(root, &directory.table, NULL) != COF_OK) {
        json_decref(root);
        return;
    }
    json_array_foreach(cof_directory_entries(&directory, COF_PRINCIPAL_APP), i, app)
    {
        cof_principal who;
        const char *id = json_string_value(json_object_get(app, "client_id"));
        require(cof_directory_by_client_id(&directory, id, &who));
        require(cof_directory_by_object_id(&directory, who.object_id, &who));
        for (size_t k = 0; k < cof_directory_federated_count(&who); k++) {
            require(cof_directory_federated(&who, k).issuer != NULL);
        }
        (void)cof_principal_is_enabled(&who);
    }
    require(cof_directory_table_make(again(directory.table.root), &second, NULL) == COF_OK);
    cof_directory_table_free(&directory.table);
}

static void ask_access(json_t *root)
{
    COF_CLEANUP(cof_access_table_free) cof_access_table first = {0};
    COF_CLEANUP(cof_access_table_free) cof_access_table second = {0};
    if (cof_access_table_make(root, &first, NULL) != COF_OK) {
        json_decref(root);
        return;
    }
    for (size_t i = 0; i < first.count; i++) {
        const cof_access_row *row = &first.rows[i];
        require(row->actions != 0 && row->expires > 0);
        require(cof_scope_is_valid(row->scope) && cof_scope_covers(row->scope, row->scope) &&
                cof_scope_covers("/", row->scope));
    }
    require(cof_access_table_make(again(first.root), &second, NULL) == COF_OK);
    require(second.count == first.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root = NULL;
    if (size == 0 || size > TEXT_BYTES ||
        cof_json_parse(cof_view_of(data + 1, size - 1), TEXT_BYTES, &root, NULL) != COF_OK) {
        return 0;
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return 0;
    }
    if (data[0] == 'd') {
        ask_directory(root);
    } else {
        ask_access(root);
    }
    return 0;
}
