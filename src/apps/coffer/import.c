/* coffer key import: the public identity of somebody else. */
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/confirm.h"
#include "apps/coffer/identity.h"
#include "tcb/contract/names.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/json.h"

enum { IDENTITY_BYTES = 64 * 1024, SHORT_BYTES = 64 };

/* Only what an identity has, in the form that contracts take: what else is in the file is not kept,
 * and nobody is asked to compare it. */
static cof_status print_public(const cof_identity *identity, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *sign = NULL;
    COF_JSON json_t *data = NULL;
    COF_JSON json_t *results = NULL;
    COF_JSON json_t *sign_jwk = NULL;
    COF_TRY(cof_rsa_to_jwk(identity->data_key, &data, err));
    COF_TRY(cof_rsa_to_jwk(identity->results_key, &results, err));
    COF_TRY(cof_ec_from_jwk(identity->sign_jwk, &sign, err));
    COF_TRY(cof_ec_to_jwk(sign, &sign_jwk, err));
    COF_JSON json_t *json =
        json_pack("{s:s,s:s,s:{s:s,s:O},s:{s:s,s:O},s:O}", "coffer", "identity/v1", "name",
                  identity->name, "data", "kid", identity->data_kid, "jwk", data, "results", "kid",
                  identity->results_kid, "jwk", results, "sign", sign_jwk);
    if (json == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity");
    }
    return cof_json_canonical(json, out, err);
}

static cof_status read_identity(const char *path, cof_identity **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    const char *kind = NULL;
    cof_buf_init(&text, IDENTITY_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    const cof_status status = cof_identity_parse(cof_buf_view(&text), &identity, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
        return status;
    }
    COF_TRY(cof_json_get_text(identity->json, "coffer", SHORT_BYTES, &kind, err));
    if (strcmp(kind, "identity/v1") != 0 || !cof_contract_is_name(identity->name) ||
        !cof_contract_is_key_url(identity->data_kid) ||
        !cof_contract_is_kid(identity->results_kid)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not an identity", path);
    }
    if (strcmp(identity->name, "me") == 0) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "me is whose home it is, everywhere: the owner needs an identity with a "
                        "name (coffer key create NAME)");
    }
    *out = cof_identity_take(&identity);
    return COF_OK;
}

/* Whoever has a signing key here is this home's own, and nobody else can be. */
static cof_status check_place(const cof_app *app, const cof_args *args, const char *name,
                              cof_view text, const cof_path *path, bool *out_same, cof_err *err)
{
    cof_path own;
    COF_CLEANUP(cof_buf_free) cof_buf present = {0};
    cof_buf_init(&present, IDENTITY_BYTES);
    *out_same = false;
    COF_TRY(cof_path_format(&own, err, "%s/identities/%s.sign", app->home, name));
    if (access(own.text, F_OK) == 0) {
        return COF_FAIL(err, EXISTS, "%s is an identity of this home itself", name);
    }
    if (access(path->text, F_OK) != 0) {
        return COF_OK;
    }
    COF_TRY(cof_read_file(path->text, &present, err));
    *out_same = cof_view_equal(cof_buf_view(&present), text);
    if (!*out_same && cof_args_count(args, "force") == 0) {
        return COF_FAIL(err, EXISTS, "another %s is known here (--force replaces it)", name);
    }
    return COF_OK;
}

COF_COMMAND(key_import)
{
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_path folder;
    cof_path path;
    cof_digest digest;
    char fingerprint[2 * COF_DIGEST_SIZE + 1];
    bool is_same = false;
    cof_buf_init(&text, IDENTITY_BYTES);
    COF_TRY(read_identity(cof_args_operand(args, 0), &identity, err));
    COF_TRY(print_public(identity, &text, err));
    COF_TRY(cof_digest_of(cof_buf_view(&text), &digest, err));
    cof_digest_text(&digest, fingerprint);
    COF_TRY(cof_path_format(&folder, err, "%s/identities", app->home));
    COF_TRY(cof_path_format(&path, err, "%s/%s.json", folder.text, identity->name));
    COF_TRY(check_place(app, args, identity->name, cof_buf_view(&text), &path, &is_same, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "identity     %s\ndata         %s\nresults      %s\nfingerprint  %s",
                    identity->name, identity->data_kid, identity->results_kid, fingerprint);
    if (!is_same) {
        COF_TRY(cof_confirm_digest(app, args, "fingerprint", "the fingerprint", fingerprint, err));
        COF_TRY(cof_make_folders(folder.text, err));
        COF_TRY(cof_write_file(path.text, cof_buf_view(&text), 0644, err));
    }
    cof_output_line(app->output, COF_TONE_GOOD, "%s can own inputs and receive results here",
                    identity->name);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:s}", "status", is_same ? "known" : "imported", "identity",
                  identity->name, "fingerprint", fingerprint, "file", path.text);
    cof_output_json(app->output, object);
    return COF_OK;
}

/* coffer key export: what others import, and its fingerprint. */
COF_COMMAND(key_export)
{
    const char *name = cof_args_operand(args, 0);
    const char *out = cof_args_value(args, "out");
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_path path;
    cof_digest digest;
    char fingerprint[2 * COF_DIGEST_SIZE + 1];
    cof_buf_init(&text, IDENTITY_BYTES);
    COF_TRY(cof_identity_load(app->home, name != NULL ? name : "me", &identity, err));
    COF_TRY(print_public(identity, &text, err));
    COF_TRY(cof_digest_of(cof_buf_view(&text), &digest, err));
    cof_digest_text(&digest, fingerprint);
    COF_TRY(out != NULL ? cof_path_format(&path, err, "%s", out)
                        : cof_path_format(&path, err, "%s.json", identity->name));
    COF_TRY(cof_write_file(path.text, cof_buf_view(&text), 0644, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "%s\nfingerprint  %s\ntell it to whoever imports the file on another way than "
                    "the file itself",
                    path.text, fingerprint);
    COF_JSON json_t *object = json_pack("{s:s,s:s,s:s}", "identity", identity->name, "file",
                                        path.text, "fingerprint", fingerprint);
    cof_output_json(app->output, object);
    return COF_OK;
}
