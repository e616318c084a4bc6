#include "apps/coffer/identity.h"

#include <string.h>
#include <unistd.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { IDENTITY_BYTES = 64 * 1024, SIGN_KEY_BYTES = 4096, NAME_BYTES = 63, KID_BYTES = 512 };

void cof_identity_free(cof_identity *identity)
{
    if (identity != NULL) {
        cof_rsa_key_free(identity->data_key);
        cof_rsa_key_free(identity->results_key);
        json_decref(identity->json);
        free(identity);
    }
}

static cof_status check_name(const char *name, cof_err *err)
{
    const size_t length = strlen(name);
    bool good = length >= 1 && length <= NAME_BYTES && name[0] != '-';
    for (size_t i = 0; i < length; i++) {
        good = good && ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
                        name[i] == '-');
    }
    return good ? COF_OK
                : COF_FAIL(err, BAD_ARGUMENT, "an identity's name has 1 to %d of a-z, 0-9 and '-'",
                           NAME_BYTES);
}

/* Takes json over in every case. */
static cof_status from_json(json_t *json, cof_identity **out, cof_err *err)
{
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = calloc(1, sizeof *identity);
    json_t *data = NULL;
    json_t *results = NULL;
    json_t *jwk = NULL;
    json_t *sign = NULL;
    if (identity == NULL) {
        json_decref(json);
        return COF_FAIL(err, NO_MEMORY, "identity");
    }
    identity->json = json;
    COF_TRY(cof_json_get_text(json, "name", NAME_BYTES, &identity->name, err));
    COF_TRY(cof_json_get(json, "data", JSON_OBJECT, &data, err));
    COF_TRY(cof_json_get(json, "results", JSON_OBJECT, &results, err));
    COF_TRY(cof_json_get(json, "sign", JSON_OBJECT, &sign, err));
    COF_TRY(cof_json_get_text(data, "kid", KID_BYTES, &identity->data_kid, err));
    COF_TRY(cof_json_get(data, "jwk", JSON_OBJECT, &jwk, err));
    COF_TRY(cof_rsa_from_jwk(jwk, &identity->data_key, err));
    COF_TRY(cof_json_get_text(results, "kid", KID_BYTES, &identity->results_kid, err));
    COF_TRY(cof_json_get(results, "jwk", JSON_OBJECT, &jwk, err));
    COF_TRY(cof_rsa_from_jwk(jwk, &identity->results_key, err));
    identity->results_jwk = jwk;
    identity->sign_jwk = sign;
    *out = cof_identity_take(&identity);
    return COF_OK;
}

cof_status cof_identity_parse(cof_view text, cof_identity **out, cof_err *err)
{
    json_t *json = NULL;
    COF_TRY(cof_json_parse(text, IDENTITY_BYTES, &json, err));
    return from_json(json, out, err);
}

cof_status cof_identity_load(const char *home, const char *name, cof_identity **out, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_TRY(check_name(name, err));
    COF_TRY(cof_path_format(&path, err, "%s/identities/%s.json", home, name));
    cof_buf_init(&text, IDENTITY_BYTES);
    const cof_status status = cof_read_file(path.text, &text, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_FAIL(
            err, NOT_FOUND,
            "there is no identity %s: make it with coffer key create %s, or take in the "
            "owner's %s.json with coffer key import",
            name, name, name);
    }
    COF_TRY(status);
    return cof_identity_parse(cof_buf_view(&text), out, err);
}

/* {"kid","jwk":{"kty","n","e"}} of a key bundle. */
static cof_status public_part(const json_t *bundle, json_t **out, cof_err *err)
{
    json_t *key = NULL;
    const char *kid = NULL;
    const char *n = NULL;
    const char *e = NULL;
    COF_TRY(cof_json_get(bundle, "key", JSON_OBJECT, &key, err));
    COF_TRY(cof_json_get_text(key, "kid", KID_BYTES, &kid, err));
    COF_TRY(cof_json_get_text(key, "n", KID_BYTES * 2, &n, err));
    COF_TRY(cof_json_get_text(key, "e", KID_BYTES, &e, err));
    *out = json_pack("{s:s,s:{s:s,s:s,s:s}}", "kid", kid, "jwk", "kty", "RSA", "n", n, "e", e);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "identity");
}

json_t *cof_identity_closed_policy(const char *authority)
{
    return json_pack("{s:s,s:[{s:s,s:[{s:s,s:s}]}]}", "version", "1.0.0", "anyOf", "authority",
                     authority, "allOf", "claim", "x-ms-runtime.contract", "equals", "none");
}

static cof_status create_key(const char *name, const char *suffix, unsigned bits, bool exportable,
                             const cof_services *services, json_t **out, cof_err *err)
{
    static const char *const operations[] = {"wrapKey", "unwrapKey", NULL};
    char key_name[NAME_BYTES + 16];
    COF_JSON json_t *policy =
        exportable ? cof_identity_closed_policy(services->attestation[0]) : NULL;
    COF_JSON json_t *bundle = NULL;
    (void)snprintf(key_name, sizeof key_name, "%s-%s", name, suffix);
    const cof_vault_new_key key = {.name = key_name,
                                   .bits = bits,
                                   .exportable = exportable,
                                   .release_policy = policy,
                                   .operations = operations};
    if (exportable && policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    COF_TRY(cof_vault_create(&services->vault, services->url, &key, &bundle, err));
    return public_part(bundle, out, err);
}

static cof_status make_sign_key(const char *path, json_t **out_jwk, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, SIGN_KEY_BYTES);
    COF_TRY(cof_ec_generate(&key, err));
    COF_TRY(cof_ec_to_pkcs8(key, &der, err));
    COF_TRY(cof_write_file(path, cof_buf_view(&der), 0600, err));
    return cof_ec_to_jwk(key, out_jwk, err);
}

cof_status cof_identity_create(const char *home, const char *name, unsigned bits,
                               const cof_services *services, cof_identity **out, cof_err *err)
{
    cof_path folder;
    cof_path path;
    cof_path sign_path;
    COF_JSON json_t *identity = json_pack("{s:s,s:s}", "coffer", "identity/v1", "name", name);
    json_t *part = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_TRY(check_name(name, err));
    COF_TRY(cof_path_format(&folder, err, "%s/identities", home));
    COF_TRY(cof_path_format(&path, err, "%s/%s.json", folder.text, name));
    COF_TRY(cof_path_format(&sign_path, err, "%s/%s.sign", folder.text, name));
    COF_TRY(cof_make_folders(folder.text, err));
    if (access(path.text, F_OK) == 0) {
        return COF_FAIL(err, EXISTS, "the identity %s", name);
    }
    COF_TRY(create_key(name, "data", bits, true, services, &part, err));
    COF_TRY(cof_json_set(identity, "data", part, err));
    COF_TRY(create_key(name, "results", bits, false, services, &part, err));
    COF_TRY(cof_json_set(identity, "results", part, err));
    COF_TRY(make_sign_key(sign_path.text, &part, err));
    COF_TRY(cof_json_set(identity, "sign", part, err));
    cof_buf_init(&text, IDENTITY_BYTES);
    COF_TRY(cof_json_print(identity, &text, err));
    /* Last, so that an identity that can be seen is complete. */
    COF_TRY(cof_write_file(path.text, cof_buf_view(&text), 0644, err));
    return cof_identity_load(home, name, out, err);
}

cof_status cof_identity_set_keys(const char *home, cof_identity **identity, const json_t *data,
                                 const json_t *results, cof_err *err)
{
    cof_path path;
    json_t *part = NULL;
    cof_identity *changed = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *json = json_deep_copy((*identity)->json);
    COF_TRY(public_part(data, &part, err));
    COF_TRY(cof_json_set(json, "data", part, err));
    COF_TRY(public_part(results, &part, err));
    COF_TRY(cof_json_set(json, "results", part, err));
    cof_buf_init(&text, IDENTITY_BYTES);
    COF_TRY(cof_json_print(json, &text, err));
    COF_TRY(cof_path_format(&path, err, "%s/identities/%s.json", home, (*identity)->name));
    COF_TRY(cof_write_file(path.text, cof_buf_view(&text), 0644, err));
    COF_TRY(cof_identity_load(home, (*identity)->name, &changed, err));
    cof_identity_free(*identity);
    *identity = changed;
    return COF_OK;
}

cof_status cof_identity_sign_key(const char *home, const char *name, cof_ec_key **out, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    COF_TRY(check_name(name, err));
    COF_TRY(cof_path_format(&path, err, "%s/identities/%s.sign", home, name));
    cof_buf_init(&der, SIGN_KEY_BYTES);
    const cof_status status = cof_read_file(path.text, &der, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_FAIL(err, CONSENT_MISSING, "%s is somebody else: only the owner can consent",
                        name);
    }
    COF_TRY(status);
    return cof_ec_from_pkcs8(cof_buf_view(&der), out, err);
}
