#include "unit/local/guest_case.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tcb/crypto/digest.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { INFO_BYTES = 512 * 1024, POLICY_AT = 10, ATTRIBUTES_AT = 4, TAG_SIZE = 16, NONCE_SIZE = 12 };

/* PolicyPCR over the registers' values. */
static cof_status make_policy(const azure_rig *rig, uint32_t mask, bool is_other,
                              uint8_t out[static COF_DIGEST_SIZE], cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf values = {.limit = sizeof rig->pcrs};
    cof_digest digest;
    const uint8_t head[] = {0,
                            0,
                            1,
                            0x7f,
                            0,
                            0,
                            0,
                            1,
                            0,
                            0x0b,
                            3,
                            (uint8_t)mask,
                            (uint8_t)(mask >> 8),
                            (uint8_t)(mask >> 16)};
    uint8_t bytes[COF_DIGEST_SIZE + sizeof head + COF_DIGEST_SIZE] = {0};
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        if ((mask >> i & 1) != 0) {
            COF_TRY(cof_buf_append(&values, cof_view_of(rig->pcrs[i].bytes, COF_DIGEST_SIZE), err));
        }
    }
    if (is_other) {
        values.data[0] ^= 1;
    }
    COF_TRY(cof_digest_of(cof_buf_view(&values), &digest, err));
    memcpy(bytes + COF_DIGEST_SIZE, head, sizeof head);
    memcpy(bytes + COF_DIGEST_SIZE + sizeof head, digest.bytes, COF_DIGEST_SIZE);
    COF_TRY(cof_digest_of(cof_view_of(bytes, sizeof bytes), &digest, err));
    memcpy(out, digest.bytes, COF_DIGEST_SIZE);
    return COF_OK;
}

static uint8_t *find(cof_buf *in, const void *bytes, size_t size)
{
    return memmem(in->data, in->size, bytes, size);
}

/* Gives the key its policy, and certifies it anew. */
static cof_status change_key(const azure_rig *rig, const guest_case_options *options, uint32_t mask,
                             cof_azure_evidence *e, cof_err *err)
{
    cof_digest old_name;
    cof_digest name;
    COF_TRY(cof_digest_of(cof_buf_view(&e->encryption_key), &old_name, err));
    uint8_t *policy = e->encryption_key.data + POLICY_AT;
    COF_TRY(make_policy(rig, mask, options->is_other_state, policy, err));
    policy[5] ^= options->is_policy_broken ? 1 : 0;
    e->encryption_key.data[ATTRIBUTES_AT + 3] |= options->is_open ? 1 << 6 : 0;
    COF_TRY(cof_digest_of(cof_buf_view(&e->encryption_key), &name, err));
    uint8_t *place = find(&e->encryption_certify, old_name.bytes, COF_DIGEST_SIZE);
    if (place == NULL) {
        return COF_FAIL(err, INTERNAL, "the certification has no name");
    }
    memcpy(place, name.bytes, COF_DIGEST_SIZE);
    cof_buf_clear(&e->encryption_signature);
    return cof_rsa_sign(rig->keys[AZURE_RIG_AK], cof_buf_view(&e->encryption_certify),
                        &e->encryption_signature, err);
}

static cof_status set_base64(json_t *object, const char *key, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64 * 1024};
    COF_TRY(cof_base64_encode(bytes, &text, err));
    return cof_json_set(object, key, json_stringn((const char *)text.data, text.size), err);
}

/* As Azure's clients have it: a TPM2B_PUBLIC. */
static cof_status set_key(json_t *tpm, const cof_azure_evidence *e, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf sized = {.limit = 1024};
    const uint8_t size[] = {(uint8_t)(e->encryption_key.size >> 8),
                            (uint8_t)e->encryption_key.size};
    COF_TRY(cof_buf_append(&sized, cof_view_of(size, sizeof size), err));
    COF_TRY(cof_buf_append(&sized, cof_buf_view(&e->encryption_key), err));
    COF_TRY(set_base64(tpm, "EncKeyPub", cof_buf_view(&sized), err));
    COF_TRY(set_base64(tpm, "EncKeyCertifyInfo", cof_buf_view(&e->encryption_certify), err));
    return set_base64(tpm, "EncKeyCertifyInfoSignature", cof_buf_view(&e->encryption_signature),
                      err);
}

static cof_status set_system(json_t *info, const guest_case_options *options, cof_err *err)
{
    const char *distro = options->os_distro != NULL ? options->os_distro : "Ubuntu";
    COF_TRY(cof_json_set(info, "AttestationProtocolVersion", json_string("2.0"), err));
    COF_TRY(set_base64(info, "OSType", cof_view_text("Linux"), err));
    COF_TRY(set_base64(info, "OSDistro", cof_view_text(distro), err));
    COF_TRY(set_base64(info, "OSBuild", cof_view_text("NotApplication"), err));
    COF_TRY(cof_json_set(info, "OSVersionMajor", json_integer(22), err));
    COF_TRY(cof_json_set(info, "OSVersionMinor", json_integer(4), err));
    return cof_json_set(info, "ClientPayload", json_pack("{s:s}", "nonce", "b25jZQ=="), err);
}

cof_status guest_case_info(const azure_rig *rig, const guest_case_options *options, cof_buf *out,
                           cof_err *err)
{
    azure_rig_options all = options->rig;
    all.has_encryption_key = !options->has_no_key;
    all.selection = all.selection != 0 ? all.selection : GUEST_CASE_PCRS;
    all.values = all.values != 0 ? all.values : all.selection;
    all.has_no_extra = all.extra == NULL;
    all.has_ak_certificate = true;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence e = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = INFO_BYTES};
    COF_JSON json_t *info = NULL;
    COF_TRY(azure_rig_evidence(rig, &all, &e, err));
    COF_TRY(azure_rig_attestation_info(rig, &all, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), INFO_BYTES, &info, err));
    COF_TRY(set_system(info, options, err));
    if (!options->has_no_key) {
        COF_TRY(change_key(rig, options, all.selection, &e, err));
        COF_TRY(set_key(json_object_get(info, "TpmInfo"), &e, err));
    }
    return cof_json_print(info, out, err);
}

static cof_status get_base64(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, 256 * 1024, &text, err));
    return cof_base64_decode(cof_view_text(text), out, err);
}

static cof_status unwrap(const azure_rig *rig, cof_view wrapped, uint8_t out[static 256],
                         size_t *out_size, cof_err *err)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(cof_rsa_evp(rig->keys[AZURE_RIG_ENCRYPTION]), NULL);
    *out_size = 256;
    const bool is_done = EVP_PKEY_decrypt_init(context) == 1 &&
                         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                         EVP_PKEY_decrypt(context, out, out_size, wrapped.data, wrapped.size) == 1;
    EVP_PKEY_CTX_free(context);
    return is_done ? COF_OK : COF_FAIL(err, KEY_MISMATCH, "inner key");
}

static cof_status decrypt(const uint8_t *key, cof_view nonce, cof_view cipher, cof_view tag,
                          cof_buf *out, cof_err *err)
{
    uint8_t *place = NULL;
    int size = 0;
    uint8_t tag_copy[TAG_SIZE];
    COF_TRY(cof_buf_extend(out, cipher.size, &place, err));
    memcpy(tag_copy, tag.data, TAG_SIZE);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool is_done =
        EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, nonce.data, NULL) == 1 &&
        EVP_DecryptUpdate(context, NULL, &size, (const uint8_t *)"Transport Key", 13) == 1 &&
        EVP_DecryptUpdate(context, place, &size, cipher.data, (int)cipher.size) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag_copy) == 1 &&
        EVP_DecryptFinal_ex(context, place + size, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    return is_done ? COF_OK : COF_FAIL(err, TAG_MISMATCH, "sealed token");
}

cof_status guest_case_open(const azure_rig *rig, cof_view sealed, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = INFO_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 256};
    COF_CLEANUP(cof_buf_free) cof_buf nonce = {.limit = NONCE_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf tag = {.limit = TAG_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf cipher = {.limit = INFO_BYTES};
    COF_JSON json_t *answer = NULL;
    uint8_t key[256];
    size_t key_size = 0;
    COF_TRY(cof_base64url_decode(sealed, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), INFO_BYTES, &answer, err));
    COF_TRY(get_base64(answer, "EncryptedInnerKey", &wrapped, err));
    COF_TRY(get_base64(json_object_get(answer, "EncryptionParams"), "Iv", &nonce, err));
    COF_TRY(get_base64(answer, "AuthenticationData", &tag, err));
    COF_TRY(get_base64(answer, "Jwt", &cipher, err));
    COF_TRY(unwrap(rig, cof_buf_view(&wrapped), key, &key_size, err));
    if (key_size != 32 || nonce.size != NONCE_SIZE || tag.size != TAG_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "sealed token");
    }
    return decrypt(key, cof_buf_view(&nonce), cof_buf_view(&cipher), cof_buf_view(&tag), out, err);
}
