/*
 * Implementation notes
 *
 * Keys first, then certificates from the root down, then what is signed with them. Everything is
 * made anew for each rig: P-256 is fast, and no test can lean on what another one changed.
 */
#include "rig/intel_rig.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "rig/intel_rig_parts.h"
#include "tcb/crypto/digest.h"

/* STRANGER has a key and no certificate. SIGNER comes before LEAF, so that it may issue one. */
static const intel_rig_who certified[] = {INTEL_RIG_ROOT, INTEL_RIG_CA, INTEL_RIG_OTHER_CA,
                                          INTEL_RIG_SIGNER, INTEL_RIG_LEAF};

static cof_status make_keys(intel_rig *rig, const intel_rig_options *options, cof_err *err)
{
    COF_TRY(cof_ec_generate(&rig->attestation, err));
    for (size_t who = INTEL_RIG_ROOT; who < INTEL_RIG_WHO_COUNT; who++) {
        COF_TRY(cof_ec_generate(&rig->keys[who], err));
        if (options->certificates[who].is_p384) {
            rig->wide_keys[who] = EVP_EC_gen("P-384");
            if (rig->wide_keys[who] == NULL) {
                return COF_FAIL(err, CRYPTO, "a key on P-384");
            }
        }
    }
    return COF_OK;
}

static cof_status append_pem(X509 *certificate, cof_buf *out, cof_err *err)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    cof_status status = COF_FAIL(err, CRYPTO, "printing a certificate");
    if (memory != NULL && PEM_write_bio_X509(memory, certificate) == 1) {
        const long size = BIO_get_mem_data(memory, &text);
        status = cof_buf_append(out, cof_view_of(text, (size_t)size), err);
    }
    BIO_free(memory);
    ERR_clear_error();
    return status;
}

static cof_status make_certificates(intel_rig *rig, const intel_rig_options *options, cof_err *err)
{
    for (size_t i = 0; i < sizeof certified / sizeof certified[0]; i++) {
        const intel_rig_who who = certified[i];
        COF_TRY(intel_rig_certify(rig, options, who, &rig->certificates[who], err));
        cof_buf_init(&rig->pem[who], INTEL_RIG_DER_MAX);
        COF_TRY(append_pem(rig->certificates[who], &rig->pem[who], err));
    }
    return COF_OK;
}

static cof_status make_pin(intel_rig *rig, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(rig->certificates[INTEL_RIG_ROOT]), &der);
    if (size <= 0) {
        return COF_FAIL(err, CRYPTO, "the root's key");
    }
    rig->pin.family = COF_ROOT_INTEL;
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), &rig->pin.spki, err);
    OPENSSL_free(der);
    return status;
}

/* The root certificate that stands in the chains of collateral. */
static cof_status append_collateral_root(const intel_rig *rig, const intel_rig_options *options,
                                         cof_buf *out, cof_err *err)
{
    if (!options->has_second_root) {
        return cof_buf_append(out, cof_buf_view(&rig->pem[INTEL_RIG_ROOT]), err);
    }
    X509 *second = NULL;
    COF_TRY(intel_rig_certify(rig, options, INTEL_RIG_ROOT, &second, err));
    const cof_status status = append_pem(second, out, err);
    X509_free(second);
    return status;
}

/* The certificate whose key signed, what issued it, and the root. */
static cof_status set_chain(intel_rig *rig, const intel_rig_options *options,
                            const intel_rig_document *document, cof_collateral_item item,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 4 * INTEL_RIG_DER_MAX};
    intel_rig_who who = intel_rig_or(document->signed_by, INTEL_RIG_SIGNER);
    who = who == INTEL_RIG_STRANGER ? INTEL_RIG_SIGNER : who;
    if (document->is_chain_missing) {
        return COF_OK;
    }
    if (who != INTEL_RIG_ROOT) {
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[who]), err));
    }
    if (who == INTEL_RIG_LEAF) {
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_CA]), err));
    }
    COF_TRY(append_collateral_root(rig, options, &chain, err));
    return cof_collateral_set(&rig->collateral, item, cof_buf_view(&chain), err);
}

static cof_status set_documents(intel_rig *rig, const intel_rig_options *options, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = INTEL_RIG_TEXT_MAX};
    if (!options->tcb.document.is_missing) {
        COF_TRY(intel_rig_tcb_write(rig, options, &text, err));
        COF_TRY(cof_collateral_set(&rig->collateral, COF_COLLATERAL_TCB_INFO, cof_buf_view(&text),
                                   err));
    }
    cof_buf_clear(&text);
    if (!options->identity.document.is_missing) {
        COF_TRY(intel_rig_identity_write(rig, options, &text, err));
        COF_TRY(cof_collateral_set(&rig->collateral, COF_COLLATERAL_QE_IDENTITY,
                                   cof_buf_view(&text), err));
    }
    COF_TRY(set_chain(rig, options, &options->tcb.document, COF_COLLATERAL_TCB_CHAIN, err));
    return set_chain(rig, options, &options->identity.document, COF_COLLATERAL_QE_CHAIN, err);
}

static cof_status set_crl(intel_rig *rig, const intel_rig_crl *asked, intel_rig_who usual_issuer,
                          cof_collateral_item item, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = INTEL_RIG_DER_MAX};
    if (asked->is_missing) {
        return COF_OK;
    }
    COF_TRY(intel_rig_crl_write(rig, asked, usual_issuer, &der, err));
    return cof_collateral_set(&rig->collateral, item, cof_buf_view(&der), err);
}

static cof_status make_all(intel_rig *rig, const intel_rig_options *options, cof_err *err)
{
    COF_TRY(make_keys(rig, options, err));
    COF_TRY(make_certificates(rig, options, err));
    COF_TRY(make_pin(rig, err));
    COF_TRY(set_documents(rig, options, err));
    COF_TRY(set_crl(rig, &options->root_crl, INTEL_RIG_ROOT, COF_COLLATERAL_ROOT_CRL, err));
    COF_TRY(set_crl(rig, &options->pck_crl, INTEL_RIG_CA, COF_COLLATERAL_PCK_CRL, err));
    return intel_rig_quote_again(rig, options, &rig->quote, err);
}

cof_status intel_rig_make(intel_rig *rig, const intel_rig_options *options, cof_err *err)
{
    *rig = (intel_rig){0};
    const cof_status status = make_all(rig, options, err);
    if (status != COF_OK) {
        intel_rig_free(rig);
    }
    return status;
}

void intel_rig_free(intel_rig *rig)
{
    for (size_t who = 0; who < INTEL_RIG_WHO_COUNT; who++) {
        cof_ec_key_free(rig->keys[who]);
        EVP_PKEY_free(rig->wide_keys[who]);
        X509_free(rig->certificates[who]);
        cof_buf_free(&rig->pem[who]);
    }
    cof_ec_key_free(rig->attestation);
    cof_collateral_free(&rig->collateral);
    cof_buf_free(&rig->quote);
    *rig = (intel_rig){0};
}
