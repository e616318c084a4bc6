#include "local/vault/algorithms.h"

#include <string.h>

#define AES(size, suffix, scheme)                                                                  \
    {                                                                                              \
        "A" #size suffix, scheme, COF_KEY_OCT, size, COF_CURVE_P256, NULL, 0                       \
    }
#define RSA_CIPHER(name, scheme, hash)                                                             \
    {                                                                                              \
        name, scheme, COF_KEY_RSA, 0, COF_CURVE_P256, hash, 0                                      \
    }
#define RSA_SIGNATURE(name, scheme, bits)                                                          \
    {                                                                                              \
        name, scheme, COF_KEY_RSA, 0, COF_CURVE_P256, "SHA" #bits, (bits) / 8                      \
    }
#define EC_SIGNATURE(name, curve, bits)                                                            \
    {                                                                                              \
        name, COF_SCHEME_ES, COF_KEY_EC, 0, curve, "SHA" #bits, (bits) / 8                         \
    }
/* RFC 7518 section 3.2 wants a key as long as the hash; 256 bits is the longest that there is. */
#define HMAC(bits)                                                                                 \
    {                                                                                              \
        "HS" #bits, COF_SCHEME_HS, COF_KEY_OCT, 256, COF_CURVE_P256, "SHA" #bits, (bits) / 8       \
    }

static const cof_algorithm table[] = {
    RSA_CIPHER("RSA-OAEP", COF_SCHEME_OAEP, "SHA1"),
    RSA_CIPHER("RSA-OAEP-256", COF_SCHEME_OAEP, "SHA256"),
    RSA_CIPHER("RSA1_5", COF_SCHEME_PKCS1, NULL),
    AES(128, "GCM", COF_SCHEME_GCM),
    AES(192, "GCM", COF_SCHEME_GCM),
    AES(256, "GCM", COF_SCHEME_GCM),
    AES(128, "CBC", COF_SCHEME_CBC),
    AES(192, "CBC", COF_SCHEME_CBC),
    AES(256, "CBC", COF_SCHEME_CBC),
    AES(128, "CBCPAD", COF_SCHEME_CBC_PAD),
    AES(192, "CBCPAD", COF_SCHEME_CBC_PAD),
    AES(256, "CBCPAD", COF_SCHEME_CBC_PAD),
    AES(128, "KW", COF_SCHEME_KW),
    AES(192, "KW", COF_SCHEME_KW),
    AES(256, "KW", COF_SCHEME_KW),
    {"CKM_AES_KEY_WRAP", COF_SCHEME_KW, COF_KEY_OCT, 0, COF_CURVE_P256, NULL, 0},
    {"CKM_AES_KEY_WRAP_PAD", COF_SCHEME_KWP, COF_KEY_OCT, 0, COF_CURVE_P256, NULL, 0},
    RSA_SIGNATURE("RS256", COF_SCHEME_RS, 256),
    RSA_SIGNATURE("RS384", COF_SCHEME_RS, 384),
    RSA_SIGNATURE("RS512", COF_SCHEME_RS, 512),
    RSA_SIGNATURE("PS256", COF_SCHEME_PS, 256),
    RSA_SIGNATURE("PS384", COF_SCHEME_PS, 384),
    RSA_SIGNATURE("PS512", COF_SCHEME_PS, 512),
    EC_SIGNATURE("ES256", COF_CURVE_P256, 256),
    EC_SIGNATURE("ES384", COF_CURVE_P384, 384),
    EC_SIGNATURE("ES512", COF_CURVE_P521, 512),
    EC_SIGNATURE("ES256K", COF_CURVE_P256K, 256),
    HMAC(256),
    HMAC(384),
    HMAC(512),
};

static bool scheme_serves(cof_scheme scheme, cof_key_use use)
{
    const bool is_signing = use == COF_USE_SIGN || use == COF_USE_VERIFY;
    const bool is_wrapping = use == COF_USE_WRAP || use == COF_USE_UNWRAP;
    switch (scheme) {
    case COF_SCHEME_OAEP:
    case COF_SCHEME_PKCS1:
        return !is_signing;
    case COF_SCHEME_GCM:
    case COF_SCHEME_CBC:
    case COF_SCHEME_CBC_PAD:
        return !is_signing && !is_wrapping;
    case COF_SCHEME_KW:
    case COF_SCHEME_KWP:
        return is_wrapping;
    case COF_SCHEME_RS:
    case COF_SCHEME_PS:
    case COF_SCHEME_ES:
    case COF_SCHEME_HS:
        return is_signing;
    }
    return false;
}

const cof_algorithm *cof_algorithm_find(const char *name, cof_key_use use)
{
    for (size_t i = 0; name != NULL && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(name, table[i].name) == 0) {
            return scheme_serves(table[i].scheme, use) ? &table[i] : NULL;
        }
    }
    return NULL;
}

bool cof_algorithm_fits(const cof_algorithm *algorithm, const cof_key_kind *kind)
{
    if (algorithm->type != kind->type) {
        return false;
    }
    if (kind->type == COF_KEY_EC) {
        return algorithm->curve == kind->curve;
    }
    return algorithm->bits == 0 || algorithm->bits == kind->bits;
}

const char *cof_key_use_name(cof_key_use use)
{
    static const char *const names[] = {"encrypt",   "decrypt", "wrapKey",
                                        "unwrapKey", "sign",    "verify"};
    return names[use];
}

bool cof_key_use_makes(cof_key_use use)
{
    return use == COF_USE_ENCRYPT || use == COF_USE_WRAP || use == COF_USE_SIGN;
}

bool cof_key_use_is_secret(cof_key_use use, cof_key_type type)
{
    return type == COF_KEY_OCT || use == COF_USE_DECRYPT || use == COF_USE_UNWRAP ||
           use == COF_USE_SIGN;
}
