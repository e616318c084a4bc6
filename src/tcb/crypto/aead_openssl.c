/*
 * Implementation notes. Each direction has its own context, whose key schedule (AES rounds and the
 * powers of H) is made once; a record only sets a nonce.
 */
#include "tcb/crypto/aead.h"
#include "tcb/crypto/openssl.h"

enum { PIECE_SIZE = 1 << 30 }; /* OpenSSL counts the bytes of one call in an int */

/* NIST SP 800-38D section 5.2.1.1: 2^39 - 256 bits. */
static const uint64_t record_size_max = ((uint64_t)1 << 36) - 32;

typedef struct openssl_aead {
    cof_aead base;
    EVP_CIPHER_CTX *sealing;
    EVP_CIPHER_CTX *opening;
} openssl_aead;

static cof_status check_size(cof_view bytes, cof_err *err)
{
    if (bytes.size > record_size_max) {
        return COF_FAIL(err, CRYPTO, "a record of %zu bytes", bytes.size);
    }
    return COF_OK;
}

/* Both directions: what goes in has the size of what comes out. */
static bool update(EVP_CIPHER_CTX *context, cof_view in, uint8_t *out)
{
    for (size_t done = 0; done < in.size;) {
        const size_t left = in.size - done;
        const int piece = left > PIECE_SIZE ? PIECE_SIZE : (int)left;
        int written = 0;
        if (EVP_CipherUpdate(context, out + done, &written, in.data + done, piece) != 1 ||
            written != piece) {
            return false;
        }
        done += (size_t)piece;
    }
    return true;
}

static cof_status openssl_seal(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                               cof_view plain, uint8_t *out_cipher,
                               uint8_t out_tag[static COF_AEAD_TAG_SIZE], cof_err *err)
{
    EVP_CIPHER_CTX *context = ((openssl_aead *)self)->sealing;
    COF_TRY(check_size(plain, err));
    uint8_t rest[16];
    int size = 0;
    if (EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1 ||
        !update(context, plain, out_cipher) || EVP_EncryptFinal_ex(context, rest, &size) != 1 ||
        size != 0 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, COF_AEAD_TAG_SIZE, out_tag) != 1) {
        /* In place, some of it may still be plaintext. */
        cof_wipe(out_cipher, plain.size);
        return COF_FAIL_OPENSSL(err, CRYPTO, "AES-256-GCM");
    }
    return COF_OK;
}

static cof_status openssl_open(cof_aead *self, const uint8_t nonce[static COF_AEAD_NONCE_SIZE],
                               cof_view cipher, const uint8_t tag[static COF_AEAD_TAG_SIZE],
                               uint8_t *out_plain, cof_err *err)
{
    EVP_CIPHER_CTX *context = ((openssl_aead *)self)->opening;
    COF_TRY(check_size(cipher, err));
    uint8_t rest[16];
    int size = 0;
    if (EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, COF_AEAD_TAG_SIZE, (void *)tag) != 1 ||
        !update(context, cipher, out_plain)) {
        cof_wipe(out_plain, cipher.size);
        return COF_FAIL_OPENSSL(err, CRYPTO, "AES-256-GCM");
    }
    if (EVP_DecryptFinal_ex(context, rest, &size) != 1 || size != 0) {
        cof_wipe(out_plain, cipher.size);
        return COF_FAIL_OPENSSL(err, TAG_MISMATCH, "a record of %zu bytes", cipher.size);
    }
    return COF_OK;
}

static void openssl_free(cof_aead *self)
{
    openssl_aead *aead = (openssl_aead *)self;
    EVP_CIPHER_CTX_free(aead->sealing); /* wipes the key schedule */
    EVP_CIPHER_CTX_free(aead->opening);
    free(aead);
}

static const cof_aead_ops openssl_ops = {
    .name = "openssl", .seal = openssl_seal, .open = openssl_open, .free = openssl_free};

cof_status cof_aead_openssl_new(const cof_chunk_key *key, cof_aead **out, cof_err *err)
{
    openssl_aead *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return COF_FAIL(err, NO_MEMORY, "AES-256-GCM");
    }
    made->base.ops = &openssl_ops;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = &made->base;
    COF_CLEANUP(EVP_CIPHER_drop_) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    made->sealing = EVP_CIPHER_CTX_new();
    made->opening = EVP_CIPHER_CTX_new();
    if (cipher == NULL || made->sealing == NULL || made->opening == NULL ||
        EVP_EncryptInit_ex2(made->sealing, cipher, key->bytes, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(made->opening, cipher, key->bytes, NULL, NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "AES-256-GCM");
    }
    *out = cof_aead_take(&aead);
    return COF_OK;
}
