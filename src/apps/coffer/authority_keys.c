#include "apps/coffer/authority_keys.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "host/http/http_client.h"
#include "host/http/url.h"
#include "tcb/contract/names.h"
#include "tcb/wire/json.h"

enum { URL_BYTES = 1024, ANSWER_BYTES = 256 * 1024 };

void cof_authority_keys_drop_(cof_authority_keys *keys)
{
    free(keys->issuer);
    json_decref(keys->keys);
    json_decref(keys->shown);
    cof_jwks_free(keys->jwks);
    *keys = (cof_authority_keys){0};
}

static cof_status fetch_json(cof_http_client *http, const char *url, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_JSON json_t *json = NULL;
    const cof_http_call call = {.method = "GET", .url = url, .answer_limit = ANSWER_BYTES};
    COF_TRY(cof_http_send(http, &call, &answer, err));
    const cof_status status = cof_json_parse(cof_buf_view(&answer.body), ANSWER_BYTES, &json, err);
    if (status != COF_OK || !json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "%.150s is not a JSON object", url);
    }
    *out = json_incref(json);
    return COF_OK;
}

/* Keys come from the service itself and nobody that it points to. */
static cof_status check_configuration(const char *url, const json_t *configuration,
                                      const char **out_keys_url, cof_err *err)
{
    const char *issuer = NULL;
    cof_url base;
    cof_url keys;
    COF_TRY(cof_json_get_text(configuration, "issuer", URL_BYTES, &issuer, err));
    COF_TRY(cof_json_get_text(configuration, "jwks_uri", URL_BYTES, out_keys_url, err));
    const size_t size = strlen(url);
    if (strncmp(issuer, url, size) != 0 ||
        (issuer[size] != '\0' && strcmp(issuer + size, "/") != 0)) {
        return COF_FAIL(err, BAD_FORMAT, "%.80s says that its tokens are of %.80s", url, issuer);
    }
    COF_TRY(cof_url_parse(url, &base, err));
    COF_TRY(cof_url_parse(*out_keys_url, &keys, err));
    return cof_url_same_origin(&base, &keys)
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "the keys of %.80s are elsewhere: %.80s", url,
                          *out_keys_url);
}

static cof_status digest_of_key(const cof_rsa_key *key, cof_digest *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_PUBKEY(cof_rsa_evp(key), &der);
    ERR_clear_error();
    if (size <= 0) {
        return COF_FAIL(err, CRYPTO, "encoding a public key");
    }
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), out, err);
    OPENSSL_free(der);
    return status;
}

/* Inserts {"kid","sha256"} at its place in the order of kids. */
static cof_status add_shown(json_t *list, const char *kid, const cof_digest *digest, cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    size_t place = 0;
    cof_digest_text(digest, text);
    while (place < json_array_size(list) &&
           strcmp(json_string_value(json_object_get(json_array_get(list, place), "kid")), kid) <
               0) {
        place++;
    }
    return json_array_insert_new(list, place, json_pack("{s:s,s:s}", "kid", kid, "sha256", text)) ==
                   0
               ? COF_OK
               : COF_FAIL(err, NO_MEMORY, "keys");
}

static cof_status take_fingerprint(cof_authority_keys *out, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    cof_digest digest;
    size_t i = 0;
    json_t *jwk = NULL;
    json_array_foreach(json_object_get(out->keys, "keys"), i, jwk)
    {
        const char *kid = json_string_value(json_object_get(jwk, "kid"));
        const cof_rsa_key *key = cof_jwks_find(out->jwks, kid);
        if (key != NULL && !cof_contract_is_kid(kid)) {
            return COF_FAIL(err, BAD_FORMAT, "a key's id is not printable ASCII");
        }
        if (key != NULL) {
            COF_TRY(digest_of_key(key, &digest, err));
            COF_TRY(add_shown(out->shown, kid, &digest, err));
        }
    }
    COF_TRY(cof_sha256_new(&hash, err));
    json_array_foreach(out->shown, i, jwk)
    {
        COF_TRY(cof_json_get_hex(jwk, "sha256", digest.bytes, sizeof digest.bytes, err));
        COF_TRY(cof_sha256_update(hash, cof_view_of(digest.bytes, sizeof digest.bytes), err));
    }
    COF_TRY(cof_sha256_finish(hash, &digest, err));
    cof_digest_text(&digest, out->fingerprint);
    return COF_OK;
}

cof_status cof_authority_fetch(const char *url, const char *ca_path, cof_authority_keys *out,
                               cof_err *err)
{
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *http = NULL;
    COF_JSON json_t *configuration = NULL;
    char where[URL_BYTES];
    const char *keys_url = NULL;
    const cof_http_client_options options = {.ca_path = ca_path};
    if (!cof_contract_is_authority(url)) {
        return COF_FAIL(err, BAD_ARGUMENT, "an authority is https://host[:port], in lower case");
    }
    COF_TRY(cof_http_client_new(&options, &http, err));
    (void)snprintf(where, sizeof where, "%s/.well-known/openid-configuration", url);
    COF_TRY(fetch_json(http, where, &configuration, err));
    COF_TRY(check_configuration(url, configuration, &keys_url, err));
    COF_TRY(fetch_json(http, keys_url, &out->keys, err));
    COF_TRY(cof_jwks_from_json(out->keys, &out->jwks, err));
    if (cof_jwks_count(out->jwks) == 0) {
        return COF_FAIL(err, BAD_KEY, "%.100s publishes no key for RS256", keys_url);
    }
    out->issuer = strdup(url);
    out->shown = json_array();
    if (out->issuer == NULL || out->shown == NULL) {
        return COF_FAIL(err, NO_MEMORY, "authority");
    }
    return take_fingerprint(out, err);
}

void cof_authority_show(cof_output *output, const cof_authority_keys *keys)
{
    size_t i = 0;
    json_t *item = NULL;
    cof_output_line(output, COF_TONE_PLAIN, "issuer       %s", keys->issuer);
    json_array_foreach(keys->shown, i, item)
    {
        cof_output_line(output, COF_TONE_PLAIN, "key          %s\n             sha256 %s",
                        json_string_value(json_object_get(item, "kid")),
                        json_string_value(json_object_get(item, "sha256")));
    }
    cof_output_line(output, COF_TONE_PLAIN, "fingerprint  %s", keys->fingerprint);
}
