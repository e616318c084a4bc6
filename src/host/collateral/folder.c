#include "host/collateral/folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "host/collateral/forms.h"
#include "host/collateral/summary.h"
#include "host/files/files.h"

/* A CRL as hex digits takes two bytes for one; a PEM less. */
enum { FILE_BYTES = 2 * COF_COLLATERAL_ITEM_MAX + 2 };

/* ---- a folder ---- */

typedef cof_status (*form)(cof_view bytes, cof_buf *out, cof_err *err);

static cof_status as_it_is(cof_view bytes, cof_buf *out, cof_err *err)
{
    return cof_buf_append(out, bytes, err);
}

typedef struct file_name {
    cof_collateral_item item;
    const char *name;
    form form;
} file_name;

/* The first name of an item is the one that Coffer writes (cof_collateral_file_name). */
static const file_name names[] = {
    {COF_COLLATERAL_TCB_INFO, "tcbinfo.json", as_it_is},
    {COF_COLLATERAL_TCB_CHAIN, "tcb_chain.pem", as_it_is},
    {COF_COLLATERAL_QE_IDENTITY, "qeid.json", as_it_is},
    {COF_COLLATERAL_QE_CHAIN, "qe_chain.pem", as_it_is},
    {COF_COLLATERAL_ROOT_CRL, "root_crl.der", cof_form_crl},
    {COF_COLLATERAL_ROOT_CRL, "root_crl.pem", cof_form_crl},
    {COF_COLLATERAL_ROOT_CRL, "root_crl.hex", cof_form_crl},
    {COF_COLLATERAL_PCK_CRL, "pck_crl.der", cof_form_crl},
    {COF_COLLATERAL_PCK_CRL, "pck_crl.pem", cof_form_crl},
    {COF_COLLATERAL_PCK_CRL, "pck_crl.hex", cof_form_crl},
    {COF_COLLATERAL_AMD_LEAF, "amd_leaf.der", cof_form_certificate},
    {COF_COLLATERAL_AMD_LEAF, "amd_leaf.pem", cof_form_certificate},
    {COF_COLLATERAL_AMD_LEAF, "vcek.der", cof_form_certificate},
    {COF_COLLATERAL_AMD_LEAF, "vcek.pem", cof_form_certificate},
    {COF_COLLATERAL_AMD_LEAF, "vlek.der", cof_form_certificate},
    {COF_COLLATERAL_AMD_LEAF, "vlek.pem", cof_form_certificate},
    {COF_COLLATERAL_AMD_CHAIN, "amd_chain.pem", as_it_is},
    {COF_COLLATERAL_AMD_CHAIN, "cert_chain.pem", as_it_is},
    {COF_COLLATERAL_AMD_CHAIN, "ask_ark.pem", as_it_is},
    {COF_COLLATERAL_AMD_CRL, "amd_crl.der", cof_form_crl},
    {COF_COLLATERAL_AMD_CRL, "amd_crl.pem", cof_form_crl},
    {COF_COLLATERAL_AMD_CRL, "crl.der", cof_form_crl},
    {COF_COLLATERAL_AMD_CRL, "crl.pem", cof_form_crl},
};

/* Reads one file, where it is there: a regular one, so that nothing here can block. */
static cof_status read_file(const char *path, cof_buf *out, bool *out_is_there, cof_err *err)
{
    struct stat info;
    *out_is_there = stat(path, &info) == 0;
    if (!*out_is_there) {
        return errno == ENOENT ? COF_OK : COF_FAIL_ERRNO(err, errno, path);
    }
    if (!S_ISREG(info.st_mode)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a regular file", path);
    }
    COF_TRY(cof_read_file(path, out, err));
    return out->size > 0 ? COF_OK : COF_FAIL(err, COLLATERAL_INVALID, "%s is empty", path);
}

static cof_status take_file(const char *folder, const file_name *name, cof_collateral *out,
                            cof_err *err)
{
    cof_path path;
    bool is_there = false;
    cof_err reason = {0};
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = FILE_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf item = {.limit = COF_COLLATERAL_ITEM_MAX};
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, name->name));
    COF_TRY(read_file(path.text, &bytes, &is_there, err));
    if (!is_there) {
        return COF_OK;
    }
    if (out->items[name->item].size > 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s: another file is there for the same item",
                        path.text);
    }
    const cof_status status = name->form(cof_buf_view(&bytes), &item, &reason);
    if (status == COF_E_BAD_FORMAT) {
        return COF_FAIL(err, COLLATERAL_INVALID, "%s: %s", path.text, reason.detail);
    }
    if (status != COF_OK) {
        return cof_err_set(err, status, __FILE__, __LINE__, "%s: %s", path.text, reason.detail);
    }
    return cof_collateral_set(out, name->item, cof_buf_view(&item), err);
}

cof_status cof_collateral_from_folder(const char *path, cof_collateral *out, cof_err *err)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    size_t count = 0;
    struct stat info;
    if (stat(path, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        COF_TRY(take_file(path, &names[i], &found, err));
    }
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        count += found.items[item].size > 0 ? 1 : 0;
    }
    if (count == 0) {
        return COF_FAIL(err, NOT_FOUND, "%s has no collateral in it (tcbinfo.json, vcek.der, …)",
                        path);
    }
    cof_collateral_free(out);
    *out = found;
    found = (cof_collateral){0};
    return COF_OK;
}

/* ---- a folder or a bundle ---- */

static cof_status load_file(const char *path, cof_bundle *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    bool is_there = false;
    COF_TRY(read_file(path, &text, &is_there, err));
    const cof_status status = cof_bundle_parse(cof_buf_view(&text), out, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
    }
    return status;
}

cof_status cof_collateral_load_bundle(const char *path, cof_bundle *out, cof_err *err)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    struct stat info;
    if (stat(path, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, path);
    }
    if (S_ISDIR(info.st_mode)) {
        COF_TRY(cof_collateral_from_folder(path, &bundle.collateral, err));
        bundle.fetched_unix_s = (int64_t)info.st_mtime;
    } else {
        COF_TRY(load_file(path, &bundle, err));
    }
    if (bundle.need.hardware == COF_TEE_NONE) {
        cof_summary_need(&bundle.collateral, &bundle.need);
    }
    cof_bundle_free(out);
    *out = bundle;
    bundle = (cof_bundle){0};
    return COF_OK;
}

cof_status cof_collateral_load(const char *path, cof_collateral *out, cof_err *err)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    COF_TRY(cof_collateral_load_bundle(path, &bundle, err));
    cof_collateral_free(out);
    *out = bundle.collateral;
    bundle.collateral = (cof_collateral){0};
    return COF_OK;
}

/* ---- as a source ---- */

typedef struct folder_source {
    cof_collateral_source base;
    cof_collateral collateral;
} folder_source;

static cof_status get(cof_collateral_source *self, const cof_collateral_need *need,
                      int64_t now_unix_s, cof_collateral *out, cof_err *err)
{
    const folder_source *source = (const folder_source *)self;
    (void)need;
    (void)now_unix_s;
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(&source->collateral, item);
        if (bytes.size > 0) {
            COF_TRY(cof_collateral_set(out, item, bytes, err));
        }
    }
    return COF_OK;
}

static void free_source(cof_collateral_source *self)
{
    folder_source *source = (folder_source *)self;
    cof_collateral_free(&source->collateral);
    free(source);
}

static const cof_collateral_source_ops folder_ops = {
    .name = "folder", .get = get, .free = free_source};

cof_status cof_collateral_folder_open(const char *path, cof_collateral_source **out, cof_err *err)
{
    folder_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "collateral source");
    }
    source->base.ops = &folder_ops;
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *owner = &source->base;
    COF_TRY(cof_collateral_load(path, &source->collateral, err));
    *out = cof_collateral_source_take(&owner);
    return COF_OK;
}
