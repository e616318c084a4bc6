#include "tcb/crypto/aead.h"

cof_status cof_aead_new(const cof_chunk_key *key, cof_aead **out, cof_err *err)
{
#ifdef COF_HAVE_IPSEC_MB
    return cof_aead_ipsec_mb_new(key, out, err);
#else
    return cof_aead_openssl_new(key, out, err);
#endif
}

cof_status cof_aead_seal(cof_aead *aead, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                         cof_view plain, uint8_t *out_cipher,
                         uint8_t out_tag[static COF_AEAD_TAG_SIZE], cof_err *err)
{
    return aead->ops->seal(aead, nonce, plain, out_cipher, out_tag, err);
}

cof_status cof_aead_open(cof_aead *aead, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                         cof_view cipher, const uint8_t tag[static COF_AEAD_TAG_SIZE],
                         uint8_t *out_plain, cof_err *err)
{
    return aead->ops->open(aead, nonce, cipher, tag, out_plain, err);
}

void cof_aead_free(cof_aead *aead)
{
    if (aead != NULL) {
        aead->ops->free(aead);
    }
}
