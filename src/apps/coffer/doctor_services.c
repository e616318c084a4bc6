/* coffer doctor --azure: does everything that this home is configured with answer, and let us do
 * what a job needs? Nothing is changed but a small object in the storage, which is removed again.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "apps/coffer/doctor.h"
#include "apps/coffer/home.h"
#include "apps/coffer/identity.h"
#include "apps/coffer/store.h"
#include "host/azure/attest.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { DETAIL_SIZE = 480, KEYS_BYTES = 256 * 1024, WRAPPED_BYTES = 16 * 1024 };

#define VAULT_ROLES "Key Vault Crypto Officer"
#define AGENT_ROLE  "Key Vault Crypto Service Release User"
#define STORE_ROLE  "Storage Blob Data Contributor"

/* What to do about a failure, by what the service said. */
static const char *remedy_of(const cof_err *err, const char *role)
{
    static char text[120];
    const char *detail = err->detail;
    if (strstr(detail, "Firewall") != NULL || strstr(detail, "AuthorizationFailure") != NULL) {
        return "its firewall does not let this address in: allow it, or use a private endpoint";
    }
    if (strstr(detail, "AADSTS7000222") != NULL) {
        return "the client secret has expired: make a new one";
    }
    if (strstr(detail, "AADSTS7000215") != NULL) {
        return "the client secret is wrong (its value is needed, not its id)";
    }
    if (strstr(detail, "AADSTS700016") != NULL || strstr(detail, "AADSTS90002") != NULL) {
        return "tenant and client_id do not belong together: look at the credential file";
    }
    if (err->status == COF_E_FORBIDDEN || strstr(detail, "ForbiddenByRbac") != NULL) {
        (void)snprintf(text, sizeof text, "this client lacks the role \"%s\"", role);
        return text;
    }
    if (err->status == COF_E_UNAUTHORIZED) {
        return "the service does not accept this sign-in: look at the credential file";
    }
    return NULL;
}

static void failed(cof_findings *f, const char *name, const char *what, const cof_err *err,
                   const char *role)
{
    char detail[DETAIL_SIZE];
    const char *remedy = remedy_of(err, role);
    (void)snprintf(detail, sizeof detail, "%.120s: %.200s%s%.150s", what, err->detail,
                   remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
    cof_found(f, FINDING_MISSING, name, detail);
}

static void good(cof_findings *f, const char *name, const char *what, const char *more)
{
    char detail[DETAIL_SIZE];
    (void)snprintf(detail, sizeof detail, "%.300s%s%s", what, more[0] != '\0' ? ", " : "", more);
    cof_found(f, FINDING_GOOD, name, detail);
}

static cof_status count_key(void *context, const json_t *item, cof_err *err)
{
    (void)item, (void)err;
    ++*(size_t *)context;
    return COF_OK;
}

static bool look_at_vault(cof_findings *f, const cof_services *s)
{
    cof_err err = {0};
    char more[64];
    size_t keys = 0;
    const cof_status status = cof_vault_list(&s->vault, s->url, "/keys", count_key, &keys, &err);
    if (status != COF_OK) {
        failed(f, "vault", s->url, &err, VAULT_ROLES);
        return false;
    }
    (void)snprintf(more, sizeof more, "%zu keys, signed in by %s", keys,
                   cof_credential_kind(s->owner));
    good(f, "vault", s->url, more);
    return true;
}

/* ---- an identity's keys ---- */

static const char *data_key_problem(const json_t *bundle)
{
    const json_t *attributes = json_object_get(bundle, "attributes");
    const json_t *policy = json_object_get(bundle, "release_policy");
    if (!json_is_true(json_object_get(attributes, "enabled"))) {
        return "is disabled";
    }
    if (!json_is_true(json_object_get(attributes, "exportable"))) {
        return "is not exportable, so that it can never be released: make the identity anew";
    }
    if (policy == NULL) {
        return "has no release policy, so that nothing is released";
    }
    return json_is_true(json_object_get(policy, "immutable"))
               ? "has an immutable release policy: no further contract can be agreed to"
               : NULL;
}

static const char *results_key_problem(const json_t *bundle)
{
    const json_t *operations = json_object_get(json_object_get(bundle, "key"), "key_ops");
    if (!json_is_true(json_object_get(json_object_get(bundle, "attributes"), "enabled"))) {
        return "is disabled";
    }
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *name = json_string_value(json_array_get(operations, i));
        if (name != NULL && strcmp(name, "unwrapKey") == 0) {
            return NULL;
        }
    }
    return "may not unwrap, so that results cannot be opened";
}

static void look_at_key(cof_findings *f, const cof_services *s, const char *kid,
                        const char *(*problem_of)(const json_t *bundle))
{
    cof_err err = {0};
    COF_JSON json_t *bundle = NULL;
    char detail[DETAIL_SIZE];
    if (cof_vault_get(&s->vault, kid, &bundle, &err) != COF_OK) {
        failed(f, "key", kid, &err, VAULT_ROLES);
        return;
    }
    const char *problem = problem_of(bundle);
    (void)snprintf(detail, sizeof detail, "%.200s %s", kid, problem != NULL ? problem : "is good");
    cof_found(f, problem != NULL ? FINDING_MISSING : FINDING_GOOD, "key", detail);
}

/* Asks for a release with a token that nothing can be released to: what is wanted is to be let in
 * as far as that. */
static void look_at_release(cof_findings *f, const cof_services *s, const char *kid)
{
    cof_err err = {0};
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA1;
    COF_CLEANUP(cof_credential_drop_) cof_credential *agent = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = WRAPPED_BYTES};
    cof_status status = cof_credential_open(s->agent, &agent, &err);
    if (status == COF_OK) {
        const cof_vault vault = {.http = s->http, .credential = agent};
        status = cof_vault_release(&vault, kid, cof_view_text("no.attestation.token"), &wrap,
                                   &wrapped, &err);
    }
    const bool was_let_in =
        (status == COF_E_RELEASE_REFUSED && strstr(err.detail, "ForbiddenByRbac") == NULL) ||
        (status == COF_E_REMOTE_ERROR && strstr(err.detail, ": 400 ") != NULL);
    if (was_let_in) {
        good(f, "release", "the agent may ask for keys", "");
    } else {
        failed(f, "release", "the agent", &err, AGENT_ROLE);
    }
}

static void look_at_identity(cof_findings *f, const cof_services *s, const char *home,
                             const char *name)
{
    cof_err err = {0};
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    if (cof_identity_load(home, name, &identity, &err) != COF_OK) {
        failed(f, "identity", name, &err, VAULT_ROLES);
        return;
    }
    look_at_key(f, s, identity->data_kid, data_key_problem);
    look_at_key(f, s, identity->results_kid, results_key_problem);
    look_at_release(f, s, identity->data_kid);
}

static void look_at_identities(cof_findings *f, const cof_services *s, const char *home)
{
    glob_t found = {0};
    if (cof_home_glob(home, "identities/*.sign", &found, NULL) != COF_OK || found.gl_pathc == 0) {
        cof_found(f, FINDING_WEAK, "identities", "none yet; coffer key create makes one");
        globfree(&found);
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[64];
        const char *slash = strrchr(found.gl_pathv[i], '/');
        const size_t size = strlen(slash + 1) - strlen(".sign");
        if (size < sizeof name) {
            (void)snprintf(name, sizeof name, "%.*s", (int)size, slash + 1);
            look_at_identity(f, s, home, name);
        }
    }
    globfree(&found);
}

/* ---- attestation and storage ---- */

static void look_at_attestation(cof_findings *f, const cof_services *s)
{
    cof_err err = {0};
    COF_CLEANUP(cof_attester_drop_) cof_attester *attester = NULL;
    if (cof_attester_new(s->attest_http, s->attestation, s->attestation_count, &attester, &err) !=
        COF_OK) {
        failed(f, "attestation", "configuration", &err, "");
        return;
    }
    for (size_t i = 0; i < s->attestation_count; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf keys = {.limit = KEYS_BYTES};
        cof_err why = {0};
        if (cof_attester_keys(attester, s->attestation[i], &keys, &why) == COF_OK) {
            good(f, "attestation", s->attestation[i], i > 0 ? "asked when the first is down" : "");
        } else {
            failed(f, "attestation", s->attestation[i], &why, "Attestation Reader");
        }
    }
}

static cof_status try_store(const cof_config *config, cof_err *err)
{
    static const char content[] = "coffer doctor";
    char name[64];
    char hex[2 * 8 + 1];
    uint8_t random[8];
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf got = {.limit = sizeof content};
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), hex);
    (void)snprintf(name, sizeof name, "doctor/%s", hex);
    COF_TRY(cof_store_of_home(config, &store, err));
    COF_TRY(cof_blob_put(store, name, cof_view_text(content), err));
    const cof_status status = cof_blob_get(store, name, &got, err);
    COF_TRY(cof_blob_remove(store, name, status == COF_OK ? err : NULL));
    COF_TRY(status);
    return cof_view_equal(cof_buf_view(&got), cof_view_text(content))
               ? COF_OK
               : COF_FAIL(err, IO, "what was written is not what was read");
}

static void look_at_storage(cof_findings *f, const cof_config *config)
{
    cof_err err = {0};
    char where[DETAIL_SIZE];
    /* Without a SAS: it is a secret. */
    (void)snprintf(where, sizeof where, "%.*s", (int)strcspn(config->storage, "?"),
                   config->storage);
    if (try_store(config, &err) == COF_OK) {
        good(f, "storage", where, "written, read, removed");
    } else {
        failed(f, "storage", where, &err, STORE_ROLE);
    }
}

cof_status cof_doctor_services(cof_findings *f, const char *home, cof_err *err)
{
    cof_err why = {0};
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    const cof_status status = cof_services_open(home, &services, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "doctor");
    }
    if (status != COF_OK) {
        failed(f, "configuration", "coffer.yaml", &why, "");
        return COF_OK;
    }
    cof_found(f, FINDING_GOOD, "configuration",
              services->info != NULL ? "this home's own services are used for what is local"
                                     : "nothing of this home's own services is used");
    if (look_at_vault(f, services)) {
        look_at_identities(f, services, home);
    }
    look_at_attestation(f, services);
    look_at_storage(f, services->config);
    return COF_OK;
}
