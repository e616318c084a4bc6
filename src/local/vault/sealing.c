#include "local/vault/sealing.h"

#include "tcb/base/wipe.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/random.h"

/* Every sealing has a key of its own (a fresh salt), so one fixed nonce is used once. */
static const uint8_t only_nonce[COF_AEAD_NONCE_SIZE];

_Static_assert((int)COF_SEALING_TAG_SIZE == (int)COF_AEAD_TAG_SIZE,
               "the tag is that of the cipher");

static cof_status make_aead(const cof_root_key *root, cof_view context, const uint8_t *salt,
                            cof_aead **out, cof_err *err)
{
    COF_CLEANUP(cof_chunk_key_wipe) cof_chunk_key key = {{0}};
    COF_TRY(cof_hkdf(cof_view_of(root->bytes, sizeof root->bytes),
                     cof_view_of(salt, COF_SEALING_SALT_SIZE), context,
                     (cof_span){key.bytes, sizeof key.bytes}, err));
    return cof_aead_openssl_new(&key, out, err);
}

cof_status cof_sealing_seal(const cof_root_key *root, cof_view context, cof_view plain,
                            uint8_t out_salt[static COF_SEALING_SALT_SIZE], cof_buf *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t *place = NULL;
    COF_TRY(cof_random((cof_span){out_salt, COF_SEALING_SALT_SIZE}, err));
    COF_TRY(make_aead(root, context, out_salt, &aead, err));
    COF_TRY(cof_buf_extend(out, COF_AEAD_TAG_SIZE + plain.size, &place, err));
    return cof_aead_seal(aead, only_nonce, plain, place + COF_AEAD_TAG_SIZE, place, err);
}

cof_status cof_sealing_open(const cof_root_key *root, cof_view context,
                            const uint8_t salt[static COF_SEALING_SALT_SIZE], cof_view sealed,
                            cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t *place = NULL;
    if (sealed.size < COF_AEAD_TAG_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "%zu sealed bytes are fewer than a tag", sealed.size);
    }
    const cof_view cipher =
        cof_view_of(sealed.data + COF_AEAD_TAG_SIZE, sealed.size - COF_AEAD_TAG_SIZE);
    const size_t before = out->size;
    COF_TRY(make_aead(root, context, salt, &aead, err));
    COF_TRY(cof_buf_extend(out, cipher.size, &place, err));
    const cof_status status = cof_aead_open(aead, only_nonce, cipher, sealed.data, place, err);
    if (status != COF_OK) {
        out->size = before;
    }
    return status;
}

cof_status cof_sealing_mac(const cof_root_key *root, cof_view context, cof_view bytes,
                           cof_digest *out, cof_err *err)
{
    uint8_t key[COF_DIGEST_SIZE];
    cof_status status = cof_hkdf(cof_view_of(root->bytes, sizeof root->bytes), (cof_view){0},
                                 context, (cof_span){key, sizeof key}, err);
    if (status == COF_OK) {
        status = cof_hmac_sha256(cof_view_of(key, sizeof key), bytes, out, err);
    }
    cof_wipe(key, sizeof key);
    return status;
}
