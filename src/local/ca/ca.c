#include "local/ca/ca.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "tcb/crypto/ec.h"
#include "tcb/wire/text.h"

enum {
    ROOT_DAYS = 3650,
    LEAF_DAYS = 397,
    RENEW_DAYS = 30,
    BACKDATE_S = 300,
    PEM_BYTES = 32 * 1024,
    KEY_BYTES = 8 * 1024
};

static const char root_name[] = "Coffer local root";
static const char leaf_name[] = "localhost";
static const char leaf_alt_names[] =
    "DNS:localhost,DNS:vault.localhost,DNS:*.vault.localhost,IP:127.0.0.1,IP:::1";

struct cof_ca {
    const cof_state *state;
    cof_ec_key *key;
    X509 *root;
};

static cof_status read_ec_key(const cof_state *state, const char *name, cof_ec_key **out,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = KEY_BYTES};
    COF_TRY(cof_state_read(state, name, &der, err));
    return cof_ec_from_pkcs8(cof_buf_view(&der), out, err);
}

static cof_status make_ec_key(const cof_state *state, const char *name, cof_ec_key **out,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = KEY_BYTES};
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_TRY(cof_ec_generate(&key, err));
    COF_TRY(cof_ec_to_pkcs8(key, &der, err));
    COF_TRY(cof_state_write(state, name, cof_buf_view(&der), err));
    *out = cof_ec_key_take(&key);
    return COF_OK;
}

static cof_status read_certificate(const cof_state *state, const char *name, X509 **out,
                                   cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = PEM_BYTES};
    COF_TRY(cof_state_read(state, name, &pem, err));
    return cof_cert_from_pem(cof_buf_view(&pem), out, err);
}

static cof_status open_root(cof_ca *ca, cof_err *err)
{
    cof_status status = read_ec_key(ca->state, "ca/root.key", &ca->key, err);
    if (status == COF_E_NOT_FOUND) {
        status = make_ec_key(ca->state, "ca/root.key", &ca->key, err);
    }
    COF_TRY(status);
    const int64_t now = cof_state_now(ca->state);
    if (read_certificate(ca->state, COF_CA_ROOT_FILE, &ca->root, NULL) == COF_OK) {
        if (cof_cert_fits(ca->root, cof_ec_evp(ca->key), root_name, now, RENEW_DAYS)) {
            return COF_OK;
        }
        X509_drop_(&ca->root);
    }
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = PEM_BYTES};
    const cof_cert_request request = {.common_name = root_name,
                                      .key = cof_ec_evp(ca->key),
                                      .is_ca = true,
                                      .not_before = now - BACKDATE_S,
                                      .days = ROOT_DAYS};
    COF_TRY(cof_cert_make(&request, &ca->root, err));
    COF_TRY(cof_cert_to_pem(ca->root, &pem, err));
    return cof_state_write(ca->state, COF_CA_ROOT_FILE, cof_buf_view(&pem), err);
}

/* libssl reads the key from its file, so this one is PEM. */
static cof_status write_tls_key(const cof_state *state, EVP_PKEY *key, cof_err *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    cof_status status = COF_E_NO_MEMORY;
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        ERR_clear_error();
        status = COF_FAIL(err, NO_MEMORY, "TLS key");
    } else {
        char *data = NULL;
        const long size = BIO_get_mem_data(bio, &data);
        status = cof_state_write(state, COF_CA_TLS_KEY_FILE, cof_view_of(data, (size_t)size), err);
    }
    BIO_free_all(bio);
    return status;
}

static bool tls_key_fits(const cof_state *state, X509 *leaf)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = KEY_BYTES};
    if (cof_state_read(state, COF_CA_TLS_KEY_FILE, &pem, NULL) != COF_OK || pem.size == 0) {
        return false;
    }
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    COF_CLEANUP(EVP_PKEY_drop_)
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free_all(bio);
    const bool fits =
        key != NULL && cof_cert_fits(leaf, key, leaf_name, cof_state_now(state), RENEW_DAYS);
    ERR_clear_error();
    return fits;
}

static bool tls_is_fine(const cof_ca *ca)
{
    COF_CLEANUP(X509_drop_) X509 *leaf = NULL;
    if (read_certificate(ca->state, COF_CA_TLS_FILE, &leaf, NULL) != COF_OK) {
        return false;
    }
    const bool is_ours = X509_verify(leaf, cof_ec_evp(ca->key)) == 1;
    ERR_clear_error();
    return is_ours && tls_key_fits(ca->state, leaf);
}

/* The key first: when the certificate is there too, both fit; a crash in between makes both again.
 */
static cof_status make_tls(const cof_ca *ca, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(X509_drop_) X509 *leaf = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = PEM_BYTES};
    COF_TRY(cof_ec_generate(&key, err));
    COF_TRY(cof_ca_issue(ca, cof_ec_evp(key), &leaf, err));
    COF_TRY(cof_cert_to_pem(leaf, &pem, err));
    COF_TRY(cof_cert_to_pem(ca->root, &pem, err));
    COF_TRY(write_tls_key(ca->state, cof_ec_evp(key), err));
    return cof_state_write(ca->state, COF_CA_TLS_FILE, cof_buf_view(&pem), err);
}

cof_status cof_ca_open(const cof_state *state, cof_ca **out, cof_err *err)
{
    COF_CLEANUP(cof_ca_drop_) cof_ca *ca = calloc(1, sizeof *ca);
    if (ca == NULL) {
        return COF_FAIL(err, NO_MEMORY, "certificate authority");
    }
    ca->state = state;
    COF_TRY(cof_state_make_folder(state, "ca", err));
    COF_TRY(open_root(ca, err));
    if (!tls_is_fine(ca)) {
        COF_TRY(make_tls(ca, err));
    }
    *out = cof_ca_take(&ca);
    return COF_OK;
}

X509 *cof_ca_root(const cof_ca *ca)
{
    return ca->root;
}

cof_status cof_ca_issue(const cof_ca *ca, EVP_PKEY *key, X509 **out, cof_err *err)
{
    const cof_cert_request request = {.common_name = leaf_name,
                                      .key = key,
                                      .issuer = ca->root,
                                      .issuer_key = cof_ec_evp(ca->key),
                                      .alt_names = leaf_alt_names,
                                      .not_before = cof_state_now(ca->state) - BACKDATE_S,
                                      .days = LEAF_DAYS};
    return cof_cert_make(&request, out, err);
}

void cof_ca_free(cof_ca *ca)
{
    if (ca != NULL) {
        cof_ec_key_free(ca->key);
        X509_free(ca->root);
        free(ca);
    }
}

cof_status cof_ca_signing_key(const cof_state *state, const char *name, cof_rsa_key **out,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = KEY_BYTES};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    const cof_status status = cof_state_read(state, name, &der, err);
    if (status == COF_OK) {
        return cof_rsa_from_pkcs8(cof_buf_view(&der), out, err);
    }
    if (status != COF_E_NOT_FOUND) {
        return status;
    }
    COF_TRY(cof_rsa_generate(2048, &key, err));
    COF_TRY(cof_rsa_to_pkcs8(key, &der, err));
    COF_TRY(cof_state_write(state, name, cof_buf_view(&der), err));
    *out = cof_rsa_key_take(&key);
    return COF_OK;
}
