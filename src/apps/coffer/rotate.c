/*
 * coffer key rotate: an identity goes on with new versions of its keys; --rewrap has everything in
 * this home's store sealed for them instead of the old ones.
 *
 * What is under way stands in identities/NAME.rotation.json, {"coffer":"rotation/v1",
 * "data":{"from":KID,"to":KID},"results":…}: written before the vault is asked, so that the command
 * goes on where it was interrupted and no version is made twice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/home.h"
#include "apps/coffer/opening.h"
#include "apps/coffer/run_state.h"
#include "apps/coffer/store.h"
#include "host/store/seal_file.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { RECORD_BYTES = 8192, KID_BYTES = 512, KEYS = 2 };

static const char *const key_names[KEYS] = {"data", "results"};

typedef struct rotation {
    const cof_app *app;
    cof_identity *identity;
    cof_services *services;
    cof_path record_path;
    json_t *record;
    json_t *bundles[KEYS]; /* of the new versions, public parts */
} rotation;

static void drop_rotation(rotation *r)
{
    cof_identity_free(r->identity);
    cof_services_free(r->services);
    json_decref(r->record);
    for (size_t i = 0; i < KEYS; i++) {
        json_decref(r->bundles[i]);
    }
}

static cof_status write_record(const rotation *r, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = RECORD_BYTES};
    COF_TRY(cof_json_print(r->record, &text, err));
    return cof_write_file(r->record_path.text, cof_buf_view(&text), 0600, err);
}

/* The rotation that was interrupted, or a new one from the identity's present keys. */
static cof_status open_record(rotation *r, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = RECORD_BYTES};
    const cof_status status = cof_read_file(r->record_path.text, &text, err);
    if (status == COF_OK) {
        return cof_json_parse(cof_buf_view(&text), RECORD_BYTES, &r->record, err);
    }
    if (status != COF_E_NOT_FOUND) {
        return status;
    }
    r->record = json_pack("{s:s,s:{s:s},s:{s:s}}", "coffer", "rotation/v1", key_names[0], "from",
                          r->identity->data_kid, key_names[1], "from", r->identity->results_kid);
    return r->record != NULL ? write_record(r, err) : COF_FAIL(err, NO_MEMORY, "rotation");
}

static cof_status kid_of(const json_t *bundle, const char **out, cof_err *err)
{
    json_t *key = NULL;
    COF_TRY(cof_json_get(bundle, "key", JSON_OBJECT, &key, err));
    return cof_json_get_text(key, "kid", KID_BYTES, out, err);
}

/* The key's URL, without a version. */
static const char *key_url(const char *kid, char out[static KID_BYTES])
{
    const char *slash = strrchr(kid, '/');
    (void)snprintf(out, KID_BYTES, "%.*s", slash != NULL ? (int)(slash - kid) : 0, kid);
    return out;
}

/* A newer version than from: the vault's newest, when it has one already (its own rotation policy
 * made it, or this command before it was interrupted). */
static cof_status newer_version(const rotation *r, const char *from, json_t **out, cof_err *err)
{
    char key[KID_BYTES];
    const char *newest = NULL;
    COF_JSON json_t *bundle = NULL;
    COF_TRY(cof_vault_get(&r->services->vault, key_url(from, key), &bundle, err));
    COF_TRY(kid_of(bundle, &newest, err));
    if (strcmp(newest, from) == 0) {
        return cof_vault_rotate(&r->services->vault, key, out, err);
    }
    *out = json_incref(bundle);
    return COF_OK;
}

static cof_status rotate_key(rotation *r, size_t index, cof_err *err)
{
    json_t *entry = NULL;
    const char *from = NULL;
    const char *to = NULL;
    COF_TRY(cof_json_get(r->record, key_names[index], JSON_OBJECT, &entry, err));
    COF_TRY(cof_json_get_text(entry, "from", KID_BYTES, &from, err));
    if (json_object_get(entry, "to") == NULL) {
        COF_TRY(newer_version(r, from, &r->bundles[index], err));
        COF_TRY(kid_of(r->bundles[index], &to, err));
        COF_TRY(cof_json_set(entry, "to", json_string(to), err));
        return write_record(r, err);
    }
    COF_TRY(cof_json_get_text(entry, "to", KID_BYTES, &to, err));
    return cof_vault_get(&r->services->vault, to, &r->bundles[index], err);
}

/* ---- what is in the store ---- */

typedef struct rewrapping {
    rotation *rotation;
    cof_blob_store *store;
    json_t *names; /* of everything sealed */
    size_t changed;
} rewrapping;

static cof_status note_name(void *context, const char *name, uint64_t size, cof_err *err)
{
    static const char suffix[] = ".sealed";
    rewrapping *w = context;
    const size_t length = strlen(name);
    (void)size;
    if (length < sizeof suffix || strcmp(name + length - (sizeof suffix - 1), suffix) != 0) {
        return COF_OK;
    }
    return cof_json_append(w->names, json_string(name), err);
}

static cof_status rewrap_one(rewrapping *w, const char *name, size_t key, cof_err *err)
{
    const rotation *r = w->rotation;
    const char *kid = key == 0 ? r->identity->data_kid : r->identity->results_kid;
    char url[KID_BYTES];
    cof_unlocker unlocker = {.home = r->app->home,
                             .identity = r->identity->name,
                             .services = r->services,
                             .services_are_borrowed = true};
    const cof_rewrap_request request = {
        .key_url = key_url(kid, url),
        .to = {.kid = kid, .rsa = key == 0 ? r->identity->data_key : r->identity->results_key},
        .key = cof_unlock,
        .key_context = &unlocker};
    bool changed = false;
    COF_TRY(cof_rewrap_in_store(w->store, name, &request, &changed, err));
    w->changed += changed ? 1 : 0;
    return COF_OK;
}

static cof_status rewrap_all(rewrapping *w, cof_err *err)
{
    const size_t count = json_array_size(w->names);
    for (size_t i = 0; i < count; i++) {
        char text[64];
        const char *name = json_string_value(json_array_get(w->names, i));
        for (size_t key = 0; key < KEYS; key++) {
            const cof_status status = rewrap_one(w, name, key, err);
            if (status == COF_E_NOT_FOUND) {
                break; /* removed since it was listed */
            }
            if (status != COF_OK) {
                cof_err_context(err, "%s", name);
                return status;
            }
        }
        (void)snprintf(text, sizeof text, "%zu of %zu objects", i + 1, count);
        cof_output_progress(w->rotation->app->output, "rewrap", (double)(i + 1) / (double)count,
                            text);
    }
    return COF_OK;
}

static cof_status rewrap(rotation *r, size_t *out_changed, cof_err *err)
{
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    COF_JSON json_t *names = json_array();
    rewrapping w = {.rotation = r, .names = names};
    COF_TRY(cof_store_of_home(r->services->config, &store, err));
    w.store = store;
    COF_TRY(cof_blob_list(store, "", note_name, &w, err));
    COF_TRY(rewrap_all(&w, err));
    cof_output_settle(r->app->output);
    *out_changed = w.changed;
    return COF_OK;
}

/* A run that is not over has the old version in its contract, and could not open its inputs. */
static cof_status refuse_open_runs(const cof_app *app, cof_err *err)
{
    glob_t found = {0};
    cof_status status = cof_home_glob(app->home, "jobs/*", &found, err);
    for (size_t i = 0; i < found.gl_pathc && status == COF_OK; i++) {
        bool is_open = false;
        status = cof_run_state_is_open(found.gl_pathv[i], &is_open, err);
        if (status == COF_OK && is_open) {
            status =
                COF_FAIL(err, BUSY, "a run of %s is not over: finish it first", found.gl_pathv[i]);
        }
    }
    globfree(&found);
    return status;
}

static cof_status finish(const rotation *r, bool rewrapped, size_t changed, cof_err *err)
{
    if (unlink(r->record_path.text) != 0 && errno != ENOENT) {
        return COF_FAIL_ERRNO(err, errno, r->record_path.text);
    }
    cof_output_line(r->app->output, COF_TONE_PLAIN, "identity  %s\ndata      %s\nresults   %s",
                    r->identity->name, r->identity->data_kid, r->identity->results_kid);
    if (rewrapped) {
        cof_output_line(r->app->output, COF_TONE_PLAIN,
                        "%zu objects are sealed for the new versions now; content and digests are "
                        "unchanged",
                        changed);
    } else {
        cof_output_line(r->app->output, COF_TONE_DIM,
                        "What was sealed before still needs the old versions: keep them, or use "
                        "--rewrap.");
    }
    cof_output_line(r->app->output, COF_TONE_DIM,
                    "Contracts name a version: the next coffer run makes and agrees to new ones. "
                    "Give others the new %s/identities/%s.json.",
                    r->app->home, r->identity->name);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:s,s:b,s:I}", "status", "rotated", "identity", r->identity->name,
                  "data", r->identity->data_kid, "results", r->identity->results_kid, "rewrapped",
                  (int)rewrapped, "changed", (json_int_t)changed);
    cof_output_json(r->app->output, object);
    return COF_OK;
}

COF_COMMAND(key_rotate)
{
    const char *given = cof_args_operand(args, 0);
    const char *name = given != NULL ? given : "me";
    const bool rewraps = cof_args_count(args, "rewrap") > 0;
    COF_CLEANUP(drop_rotation) rotation r = {.app = app};
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *ours = NULL;
    size_t changed = 0;
    COF_TRY(cof_identity_load(app->home, name, &r.identity, err));
    COF_TRY(
        cof_identity_sign_key(app->home, name, &ours, err)); /* somebody else's has no keys here */
    if (rewraps) {
        COF_TRY(refuse_open_runs(app, err));
    }
    COF_TRY(
        cof_path_format(&r.record_path, err, "%s/identities/%s.rotation.json", app->home, name));
    COF_TRY(open_record(&r, err));
    COF_TRY(cof_services_open(app->home, &r.services, err));
    for (size_t i = 0; i < KEYS; i++) {
        COF_TRY(rotate_key(&r, i, err));
    }
    COF_TRY(cof_identity_set_keys(app->home, &r.identity, r.bundles[0], r.bundles[1], err));
    if (rewraps) {
        COF_TRY(rewrap(&r, &changed, err));
    }
    return finish(&r, rewraps, changed, err);
}
