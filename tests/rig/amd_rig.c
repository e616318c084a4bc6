#include "rig/amd_rig_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 512 };

cof_snp_product amd_rig_product(const amd_rig_options *options)
{
    return options->product == COF_SNP_NONE ? COF_SNP_MILAN : options->product;
}

uint64_t amd_rig_tcb(cof_snp_product product)
{
    switch (product) {
    case COF_SNP_GENOA:
        return UINT64_C(0x541700000000000a); /* bootloader 10, SNP 23, microcode 84 */
    case COF_SNP_TURIN:
        return UINT64_C(0x5100000004010101); /* FMC, bootloader, TEE 1, SNP 4, microcode 81 */
    case COF_SNP_NONE:
    case COF_SNP_MILAN:
        break;
    }
    return UINT64_C(0xdb18000000000004); /* bootloader 4, SNP 24, microcode 219 */
}

uint64_t amd_rig_reported_tcb(const amd_rig_options *options)
{
    return options->report.reported_tcb != 0 ? options->report.reported_tcb
                                             : amd_rig_tcb(amd_rig_product(options));
}

/* --- keys --- */

static EVP_PKEY *load_key(const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s.pem", COF_TEST_AMD_KEYS, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    return key;
}

static const char *const ark_names[] = {"ark_milan", "ark_genoa", "ark_turin"};
static const cof_root_family families[] = {COF_ROOT_AMD_MILAN, COF_ROOT_AMD_GENOA,
                                           COF_ROOT_AMD_TURIN};

static cof_status make_pin(EVP_PKEY *key, cof_root_family family, cof_root_pin *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0) {
        return COF_FAIL(err, CRYPTO, "AMD test root's key");
    }
    out->family = family;
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), &out->spki, err);
    OPENSSL_free(der);
    return status;
}

/* The product's ARK becomes ROOT, the next product's OTHER_ROOT. */
static cof_status load_roots(amd_rig *rig, cof_snp_product product, cof_err *err)
{
    const size_t own = (size_t)product - COF_SNP_MILAN;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = load_key(ark_names[i]);
        if (key == NULL) {
            return COF_FAIL(err, IO, "%s/%s.pem", COF_TEST_AMD_KEYS, ark_names[i]);
        }
        const cof_status status = make_pin(key, families[i], &rig->pins[i], err);
        if (i == own) {
            rig->keys[AMD_RIG_ROOT] = key;
        } else if (i == (own + 1) % 3) {
            rig->keys[AMD_RIG_OTHER_ROOT] = key;
        } else {
            EVP_PKEY_free(key);
        }
        COF_TRY(status);
    }
    return COF_OK;
}

static bool uses(const amd_rig_options *options, amd_rig_who who)
{
    for (size_t i = 0; i < AMD_RIG_CERTIFICATES; i++) {
        if (options->certificates[i].key_of == who || options->certificates[i].signed_by == who) {
            return true;
        }
    }
    return options->crl.signed_by == who || options->report.signed_by == who;
}

static cof_status make_keys(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    COF_TRY(load_roots(rig, amd_rig_product(options), err));
    rig->keys[AMD_RIG_CA] = load_key(options->signer == COF_SNP_VLEK ? "asvk" : "ask");
    rig->keys[AMD_RIG_LEAF] = EVP_EC_gen("P-384");
    if (uses(options, AMD_RIG_STRANGER)) {
        rig->keys[AMD_RIG_STRANGER] = load_key("stranger");
    }
    if (uses(options, AMD_RIG_SMALL)) {
        rig->keys[AMD_RIG_SMALL] = EVP_RSA_gen(3072);
    }
    if (uses(options, AMD_RIG_LEAF_P256)) {
        rig->keys[AMD_RIG_LEAF_P256] = EVP_EC_gen("P-256");
    }
    if (uses(options, AMD_RIG_LEAF_STRANGER)) {
        rig->keys[AMD_RIG_LEAF_STRANGER] = EVP_EC_gen("P-384");
    }
    return rig->keys[AMD_RIG_CA] != NULL && rig->keys[AMD_RIG_LEAF] != NULL
               ? COF_OK
               : COF_FAIL(err, CRYPTO, "keys of the AMD test platform");
}

EVP_PKEY *amd_rig_key(const amd_rig *rig, amd_rig_who who, amd_rig_who otherwise)
{
    return rig->keys[who == AMD_RIG_DEFAULT ? otherwise : who];
}

/* --- all of it --- */

static cof_status keep_certificates(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = (size_t)AMD_RIG_PEM_MAX * 3};
    unsigned char *der = NULL;
    if (options->is_chain_whole) {
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[AMD_RIG_LEAF]), err));
    } else {
        const int size = i2d_X509(rig->certificates[AMD_RIG_LEAF], &der);
        if (size <= 0) {
            return COF_FAIL(err, CRYPTO, "AMD test leaf: DER");
        }
        const cof_status status = cof_collateral_set(&rig->collateral, COF_COLLATERAL_AMD_LEAF,
                                                     cof_view_of(der, (size_t)size), err);
        OPENSSL_free(der);
        COF_TRY(status);
    }
    COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[AMD_RIG_CA]), err));
    COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[AMD_RIG_ROOT]), err));
    return cof_collateral_set(&rig->collateral, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&chain),
                              err);
}

static cof_status make_all(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    COF_TRY(make_keys(rig, options, err));
    COF_TRY(amd_rig_make_certificates(rig, options, err));
    COF_TRY(keep_certificates(rig, options, err));
    COF_TRY(amd_rig_make_crl(rig, options, err));
    return amd_rig_report_again(rig, options, &rig->report, err);
}

cof_status amd_rig_make(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    *rig = (amd_rig){0};
    const cof_status status = make_all(rig, options, err);
    ERR_clear_error();
    if (status != COF_OK) {
        amd_rig_free(rig);
    }
    return status;
}

void amd_rig_free(amd_rig *rig)
{
    for (size_t i = 0; i < AMD_RIG_WHO_COUNT; i++) {
        EVP_PKEY_free(rig->keys[i]);
    }
    for (size_t i = 0; i < AMD_RIG_CERTIFICATES; i++) {
        X509_free(rig->certificates[i]);
        cof_buf_free(&rig->pem[i]);
    }
    cof_collateral_free(&rig->collateral);
    cof_buf_free(&rig->report);
    *rig = (amd_rig){0};
}
