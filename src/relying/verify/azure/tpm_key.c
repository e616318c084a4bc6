#include "relying/verify/azure/tpm_key.h"

#include <string.h>

#include "relying/verify/azure/tpm_attest.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { POLICY_MAX = 64, KEY_BITS = 2048 };

/* TPMA_OBJECT (part 2, 8.3). */
#define FIXED_TPM             (UINT32_C(1) << 1)
#define FIXED_PARENT          (UINT32_C(1) << 4)
#define SENSITIVE_DATA_ORIGIN (UINT32_C(1) << 5)
#define RESTRICTED            (UINT32_C(1) << 16)
#define DECRYPT               (UINT32_C(1) << 17)
#define SIGN                  (UINT32_C(1) << 18)
#define EXPONENT_DEFAULT      UINT32_C(0) /* stands for 65537 */
#define EXPONENT_65537        UINT32_C(65537)

cof_view cof_tpm2b_unwrap(cof_view bytes, cof_view marker)
{
    const bool is_wrapped = bytes.size >= 2 + marker.size &&
                            ((size_t)bytes.data[0] << 8 | bytes.data[1]) == bytes.size - 2 &&
                            memcmp(bytes.data + 2, marker.data, marker.size) == 0 &&
                            memcmp(bytes.data, marker.data, marker.size) != 0;
    return is_wrapped ? cof_view_of(bytes.data + 2, bytes.size - 2) : bytes;
}

cof_status cof_tpm_signature(cof_view bytes, cof_view *out_signature, cof_err *err)
{
    if (bytes.size == COF_RSA_2048_SIZE) {
        *out_signature = bytes;
        return COF_OK;
    }
    uint16_t algorithm = 0;
    uint16_t hash = 0;
    uint16_t size = 0;
    cof_reader reader = cof_reader_of(bytes);
    const bool is_framed = bytes.size == COF_TPM_SIGNATURE_MAX &&
                           cof_tpm_read_u16(&reader, &algorithm, NULL) == COF_OK &&
                           cof_tpm_read_u16(&reader, &hash, NULL) == COF_OK &&
                           cof_tpm_read_u16(&reader, &size, NULL) == COF_OK &&
                           algorithm == COF_TPM_ALG_RSASSA && hash == COF_TPM_ALG_SHA256 &&
                           size == COF_RSA_2048_SIZE;
    if (!is_framed) {
        return COF_FAIL(err, BAD_FORMAT, "not an RSASSA-SHA-256 signature of %d bytes",
                        COF_RSA_2048_SIZE);
    }
    return cof_read_view(&reader, COF_RSA_2048_SIZE, out_signature, err);
}

cof_status cof_tpm_verify(const uint8_t modulus[static COF_RSA_2048_SIZE], cof_view bytes,
                          cof_view signature, cof_err *err)
{
    cof_view raw = {0};
    COF_TRY(cof_tpm_signature(signature, &raw, err));
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_JSON json_t *jwk = json_object();
    cof_buf_init(&text, (size_t)2 * COF_RSA_2048_SIZE);
    COF_TRY(cof_base64url_encode(cof_view_of(modulus, COF_RSA_2048_SIZE), &text, err));
    COF_TRY(cof_json_set(jwk, "kty", json_string("RSA"), err));
    COF_TRY(cof_json_set(jwk, "e", json_string("AQAB"), err));
    COF_TRY(cof_json_set(jwk, "n", json_stringn((const char *)text.data, text.size), err));
    COF_TRY(cof_rsa_from_jwk(jwk, &key, err));
    return cof_rsa_verify(key, bytes, raw, err);
}

/* The head of a TPMT_PUBLIC: type, name algorithm, attributes, policy. */
static cof_status read_head(cof_reader *reader, cof_err *err)
{
    uint16_t type = 0;
    uint16_t name_algorithm = 0;
    uint32_t attributes = 0;
    cof_view policy = {0};
    COF_TRY(cof_tpm_read_u16(reader, &type, err));
    COF_TRY(cof_tpm_read_u16(reader, &name_algorithm, err));
    COF_TRY(cof_read_u32be(reader, &attributes, err));
    COF_TRY(cof_tpm_read_sized(reader, POLICY_MAX, &policy, err));
    if (type != COF_TPM_ALG_RSA || name_algorithm != COF_TPM_ALG_SHA256) {
        return COF_FAIL(err, UNSUPPORTED, "a TPM key of type 0x%04x, named by 0x%04x", type,
                        name_algorithm);
    }
    const uint32_t needed = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | DECRYPT;
    if ((attributes & needed) != needed || (attributes & (RESTRICTED | SIGN)) != 0) {
        return COF_FAIL(err, UNSUPPORTED, "a TPM key with attributes 0x%08x", (unsigned)attributes);
    }
    return COF_OK;
}

/* TPMS_RSA_PARMS: whoever uses the key says how, so there is neither a cipher nor a scheme. */
static cof_status read_parameters(cof_reader *reader, cof_err *err)
{
    uint16_t symmetric = 0;
    uint16_t scheme = 0;
    uint16_t bits = 0;
    uint32_t exponent = 0;
    COF_TRY(cof_tpm_read_u16(reader, &symmetric, err));
    COF_TRY(cof_tpm_read_u16(reader, &scheme, err));
    COF_TRY(cof_tpm_read_u16(reader, &bits, err));
    COF_TRY(cof_read_u32be(reader, &exponent, err));
    if (symmetric != COF_TPM_ALG_NULL || scheme != COF_TPM_ALG_NULL || bits != KEY_BITS ||
        (exponent != EXPONENT_DEFAULT && exponent != EXPONENT_65537)) {
        return COF_FAIL(err, UNSUPPORTED,
                        "a TPM key of %u bits, exponent %u, cipher 0x%04x, scheme 0x%04x", bits,
                        (unsigned)exponent, symmetric, scheme);
    }
    return COF_OK;
}

cof_status cof_tpm_decryption_key_parse(cof_view bytes, cof_tpm_decryption_key *out, cof_err *err)
{
    cof_tpm_decryption_key key = {0};
    cof_reader reader = cof_reader_of(bytes);
    cof_view modulus = {0};
    COF_TRY(read_head(&reader, err));
    COF_TRY(read_parameters(&reader, err));
    COF_TRY(cof_tpm_read_sized(&reader, sizeof key.modulus, &modulus, err));
    COF_TRY(cof_reader_finish(&reader, err));
    if (modulus.size != sizeof key.modulus || (modulus.data[0] & 0x80) == 0 ||
        (modulus.data[modulus.size - 1] & 1) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "a TPM key whose modulus is not of %d bits", KEY_BITS);
    }
    memcpy(key.modulus, modulus.data, modulus.size);
    COF_TRY(cof_digest_of(bytes, &key.name, err));
    *out = key;
    return COF_OK;
}

cof_status cof_tpm_certify_parse(cof_view bytes, cof_digest *out_name, cof_err *err)
{
    cof_tpm_attest attest = {0};
    cof_reader reader = cof_reader_of(bytes);
    cof_view name = {0};
    cof_view qualified_name = {0};
    COF_TRY(cof_tpm_attest_read(&reader, COF_TPM_ST_ATTEST_CERTIFY, &attest, err));
    COF_TRY(cof_tpm_read_name(&reader, &name, err));
    COF_TRY(cof_tpm_read_name(&reader, &qualified_name, err));
    COF_TRY(cof_reader_finish(&reader, err));
    memcpy(out_name->bytes, name.data, sizeof out_name->bytes);
    return COF_OK;
}
