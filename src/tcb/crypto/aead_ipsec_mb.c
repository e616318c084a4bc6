/*
 * Implementation notes. Debian's OpenSSL 3.0 has no AES-GCM for vector AES (VAES); ipsec-mb has,
 * and opens 64 KiB records at more than four times the speed on processors with it. Only its
 * direct, synchronous GCM calls are used: no jobs, no queues. It computes the tag and leaves
 * comparing it to us.
 */
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "tcb/crypto/aead.h"

/* NIST SP 800-38D section 5.2.1.1: 2^39 - 256 bits. */
static const uint64_t record_size_max = ((uint64_t)1 << 36) - 32;

enum { ALIGNMENT = 64 };

typedef struct ipsec_mb_aead {
    cof_aead base;
    IMB_MGR *manager;
    _Alignas(ALIGNMENT) struct gcm_key_data key; /* round keys and powers of H */
} ipsec_mb_aead;

/* The library takes NULL for a mistake, even of no bytes. */
static const uint8_t *place_of(cof_view bytes)
{
    return bytes.size == 0 ? (const uint8_t *)"" : bytes.data;
}

static cof_status check(const ipsec_mb_aead *aead, cof_err *err)
{
    const int error = imb_get_errno(aead->manager);
    if (error != 0) {
        return COF_FAIL(err, CRYPTO, "AES-256-GCM: %s", imb_get_strerror(error));
    }
    return COF_OK;
}

static cof_status check_size(cof_view bytes, cof_err *err)
{
    if (bytes.size > record_size_max) {
        return COF_FAIL(err, CRYPTO, "a record of %zu bytes", bytes.size);
    }
    return COF_OK;
}

static cof_status ipsec_mb_seal(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                cof_view plain, uint8_t *out_cipher,
                                uint8_t out_tag[static COF_AEAD_TAG_SIZE], cof_err *err)
{
    ipsec_mb_aead *aead = (ipsec_mb_aead *)self;
    struct gcm_context_data context;
    uint8_t nothing = 0;
    COF_TRY(check_size(plain, err));
    IMB_AES256_GCM_ENC(aead->manager, &aead->key, &context, plain.size == 0 ? &nothing : out_cipher,
                       place_of(plain), plain.size, nonce, &nothing, 0, out_tag, COF_AEAD_TAG_SIZE);
    cof_wipe(&context, sizeof context);
    const cof_status status = check(aead, err);
    if (status != COF_OK) {
        cof_wipe(out_cipher, plain.size); /* in place, some of it may still be plaintext */
    }
    return status;
}

static cof_status ipsec_mb_open(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                                cof_view cipher, const uint8_t tag[static COF_AEAD_TAG_SIZE],
                                uint8_t *out_plain, cof_err *err)
{
    ipsec_mb_aead *aead = (ipsec_mb_aead *)self;
    struct gcm_context_data context;
    uint8_t computed[COF_AEAD_TAG_SIZE] = {0};
    uint8_t nothing = 0;
    COF_TRY(check_size(cipher, err));
    IMB_AES256_GCM_DEC(aead->manager, &aead->key, &context, cipher.size == 0 ? &nothing : out_plain,
                       place_of(cipher), cipher.size, nonce, &nothing, 0, computed,
                       COF_AEAD_TAG_SIZE);
    cof_wipe(&context, sizeof context);
    cof_status status = check(aead, err);
    if (status == COF_OK && !cof_secret_equal(computed, tag, sizeof computed)) {
        status = COF_FAIL(err, TAG_MISMATCH, "a record of %zu bytes", cipher.size);
    }
    if (status != COF_OK) {
        cof_wipe(out_plain, cipher.size);
    }
    cof_wipe(computed, sizeof computed); /* the right tag of what was offered must not lie about */
    return status;
}

static void ipsec_mb_free(cof_aead *self)
{
    ipsec_mb_aead *aead = (ipsec_mb_aead *)self;
    if (aead->manager != NULL) {
        free_mb_mgr(aead->manager);
    }
    cof_wipe(aead, sizeof *aead);
    free(aead);
}

static const cof_aead_ops ipsec_mb_ops = {
    .name = "ipsec-mb", .seal = ipsec_mb_seal, .open = ipsec_mb_open, .free = ipsec_mb_free};

cof_status cof_aead_ipsec_mb_new(const cof_chunk_key *key, cof_aead **out, cof_err *err)
{
    ipsec_mb_aead *made = aligned_alloc(ALIGNMENT, sizeof *made);
    if (made == NULL) {
        return COF_FAIL(err, NO_MEMORY, "AES-256-GCM");
    }
    cof_wipe(made, sizeof *made);
    made->base.ops = &ipsec_mb_ops;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = &made->base;
    made->manager = alloc_mb_mgr(0);
    if (made->manager == NULL) {
        return COF_FAIL(err, NO_MEMORY, "AES-256-GCM");
    }
    IMB_ARCH chosen = IMB_ARCH_NONE;
    init_mb_mgr_auto(made->manager, &chosen);
    COF_TRY(check(made, err));
    IMB_AES256_GCM_PRE(made->manager, key->bytes, &made->key);
    COF_TRY(check(made, err));
    *out = cof_aead_take(&aead);
    return COF_OK;
}
