#include "local/identity/clients.h"

#include <string.h>
#include <strings.h>

#include "host/http/http_message.h"
#include "local/ca/ca.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { SECRET_SIZE = 32 };

static const char clients_file[] = "identity/clients.json";

struct cof_clients {
    json_t *table; /* {"clients":[{"name","client_id","object_id","secret","roles"}]} */
};

static cof_status write_credentials(const cof_state *state, const char *name, const char *client_id,
                                    const char *secret, cof_err *err)
{
    cof_path ca;
    cof_path file;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof ca.text + 1024};
    COF_TRY(cof_state_path(state, COF_CA_ROOT_FILE, &ca, err));
    COF_TRY(cof_path_format(&file, err, "clients/%s.json", name));
    COF_JSON json_t *ca_text = json_string(ca.text);
    if (ca_text == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "the home folder's name is not UTF-8");
    }
    /* Printed by hand: jansson would leave copies of the secret behind. None of these needs
     * escaping but the path. */
    COF_TRY(cof_buf_printf(&text, err,
                           "{\"authority\":\"%s\",\"tenant\":\"%s\",\"client_id\":\"%s\",\"client_"
                           "secret\":\"%s\",\"ca\":",
                           cof_state_base(state), cof_state_tenant(state), client_id, secret));
    char *path = json_dumps(ca_text, JSON_ENCODE_ANY);
    if (path == NULL) {
        return COF_FAIL(err, NO_MEMORY, "credentials");
    }
    const cof_status status = cof_buf_printf(&text, err, "%s}\n", path);
    free(path);
    COF_TRY(status);
    return cof_state_write(state, file.text, cof_buf_view(&text), err);
}

static cof_status digest_secret(const char *secret, char out[static 2 * COF_DIGEST_SIZE + 1],
                                cof_err *err)
{
    cof_digest digest;
    COF_TRY(cof_digest_of(cof_view_text(secret), &digest, err));
    cof_digest_text(&digest, out);
    return COF_OK;
}

static cof_status make_client(const cof_state *state, json_t *clients, const char *name,
                              json_t *roles, cof_err *err)
{
    COF_JSON json_t *owned_roles = roles;
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = SECRET_SIZE * 2};
    char client_id[COF_HTTP_ID_SIZE];
    char object_id[COF_HTTP_ID_SIZE];
    char digest[2 * COF_DIGEST_SIZE + 1];
    const char *secret_text = NULL;
    uint8_t random[SECRET_SIZE];
    COF_TRY(cof_http_make_id(client_id, err));
    COF_TRY(cof_http_make_id(object_id, err));
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    const cof_status status =
        cof_base64url_encode(cof_view_of(random, sizeof random), &secret, err);
    cof_wipe(random, sizeof random);
    COF_TRY(status);
    COF_TRY(cof_buf_text(&secret, &secret_text, err));
    COF_TRY(digest_secret(secret_text, digest, err));
    COF_TRY(write_credentials(state, name, client_id, secret_text, err));
    return cof_json_append(clients,
                           json_pack("{s:s,s:s,s:s,s:s,s:O}", "name", name, "client_id", client_id,
                                     "object_id", object_id, "secret", digest, "roles",
                                     owned_roles),
                           err);
}

/* The credentials are written first: a crash in between makes new ones at the next start, and
 * nobody has the old. */
static cof_status make_clients(const cof_state *state, json_t **out, cof_err *err)
{
    COF_JSON json_t *clients = json_array();
    if (clients == NULL) {
        return COF_FAIL(err, NO_MEMORY, "clients");
    }
    COF_TRY(cof_state_make_folder(state, "identity", err));
    COF_TRY(cof_state_make_folder(state, "clients", err));
    COF_TRY(
        make_client(state, clients, "owner",
                    json_pack("{s:[s,s,s,s,s],s:[s,s,s,s],s:[s,s,s]}", COF_RESOURCE_VAULT,
                              COF_ROLE_KEY_CREATE, COF_ROLE_KEY_GET, COF_ROLE_KEY_UPDATE,
                              COF_ROLE_KEY_WRAP, COF_ROLE_KEY_UNWRAP, COF_RESOURCE_COFFER,
                              "data-owner", "recipient", "auditor", "admin", COF_RESOURCE_ATTEST,
                              COF_ROLE_ATTEST_READ, COF_ROLE_ATTEST_WRITE, COF_ROLE_ATTEST_DELETE),
                    err));
    COF_TRY(make_client(state, clients, "agent",
                        json_pack("{s:[s],s:[s],s:[s]}", COF_RESOURCE_VAULT, COF_ROLE_KEY_RELEASE,
                                  COF_RESOURCE_COFFER, "operator", COF_RESOURCE_ATTEST,
                                  COF_ROLE_ATTEST_READ),
                        err));
    COF_JSON json_t *table = json_pack("{s:O}", "clients", clients);
    if (table == NULL) {
        return COF_FAIL(err, NO_MEMORY, "clients");
    }
    COF_TRY(cof_state_write_json(state, clients_file, table, err));
    *out = table;
    table = NULL;
    return COF_OK;
}

static cof_status read_client(const json_t *value, cof_client *out, cof_err *err)
{
    json_t *roles = NULL;
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "a client is not an object");
    }
    COF_TRY(cof_json_get_text(value, "name", COF_LIMIT_NAME_BYTES, &out->name, err));
    COF_TRY(cof_json_get_text(value, "client_id", COF_LIMIT_NAME_BYTES, &out->client_id, err));
    COF_TRY(cof_json_get_text(value, "object_id", COF_LIMIT_NAME_BYTES, &out->object_id, err));
    COF_TRY(
        cof_json_get_text(value, "secret", (size_t)2 * COF_DIGEST_SIZE, &out->secret_digest, err));
    COF_TRY(cof_json_get(value, "roles", JSON_OBJECT, &roles, err));
    out->roles = roles;
    return COF_OK;
}

static cof_status check_table(const json_t *table, cof_err *err)
{
    json_t *clients = NULL;
    COF_TRY(cof_json_get(table, "clients", JSON_ARRAY, &clients, err));
    for (size_t i = 0; i < json_array_size(clients); i++) {
        cof_client client;
        COF_TRY(read_client(json_array_get(clients, i), &client, err));
    }
    return COF_OK;
}

cof_status cof_clients_open(const cof_state *state, cof_clients **out, cof_err *err)
{
    COF_CLEANUP(cof_clients_drop_) cof_clients *clients = calloc(1, sizeof *clients);
    if (clients == NULL) {
        return COF_FAIL(err, NO_MEMORY, "clients");
    }
    cof_status status = cof_state_read_json(state, clients_file, &clients->table, err);
    if (status == COF_E_NOT_FOUND) {
        status = make_clients(state, &clients->table, err);
    }
    COF_TRY(status);
    COF_TRY(check_table(clients->table, err));
    *out = cof_clients_take(&clients);
    return COF_OK;
}

bool cof_clients_find(const cof_clients *clients, const char *client_id, cof_client *out)
{
    const json_t *list = json_object_get(clients->table, "clients");
    for (size_t i = 0; i < json_array_size(list); i++) {
        cof_client client;
        if (read_client(json_array_get(list, i), &client, NULL) == COF_OK &&
            strcasecmp(client.client_id, client_id) == 0) {
            *out = client;
            return true;
        }
    }
    return false;
}

bool cof_client_secret_fits(const cof_client *client, const char *secret)
{
    char digest[2 * COF_DIGEST_SIZE + 1];
    return digest_secret(secret, digest, NULL) == COF_OK &&
           strlen(client->secret_digest) == sizeof digest - 1 &&
           cof_secret_equal(digest, client->secret_digest, sizeof digest - 1);
}

const json_t *cof_client_roles(const cof_client *client, const char *resource)
{
    return json_object_get(client->roles, resource);
}

void cof_clients_free(cof_clients *clients)
{
    if (clients != NULL) {
        json_decref(clients->table);
        free(clients);
    }
}
