/*
 * What a key can be used for, and by which algorithms: one table, with the names of Azure Key
 * Vault's REST interface (JsonWebKeyEncryptionAlgorithm, JsonWebKeySignatureAlgorithm, 7.3 to 7.6).
 */
#ifndef COF_LOCAL_ALGORITHMS_H
#define COF_LOCAL_ALGORITHMS_H

#include "local/vault/key_material.h"

typedef enum cof_key_use {
    COF_USE_ENCRYPT,
    COF_USE_DECRYPT,
    COF_USE_WRAP,
    COF_USE_UNWRAP,
    COF_USE_SIGN,
    COF_USE_VERIFY
} cof_key_use;

typedef enum cof_scheme {
    COF_SCHEME_OAEP,    /* RSAES-OAEP, RFC 8017 section 7.1; hash is of the label and of MGF1 */
    COF_SCHEME_PKCS1,   /* RSAES-PKCS1-v1_5, section 7.2 */
    COF_SCHEME_GCM,     /* NIST SP 800-38D, 12-byte iv, 16-byte tag */
    COF_SCHEME_CBC,     /* NIST SP 800-38A, whole blocks */
    COF_SCHEME_CBC_PAD, /* with the padding of PKCS#7 (RFC 5652 section 6.3) */
    COF_SCHEME_KW,      /* RFC 3394 */
    COF_SCHEME_KWP,     /* RFC 5649 */
    COF_SCHEME_RS,      /* RSASSA-PKCS1-v1_5 */
    COF_SCHEME_PS,      /* RSASSA-PSS, the salt as long as the hash */
    COF_SCHEME_ES,      /* ECDSA, r || s */
    COF_SCHEME_HS       /* HMAC */
} cof_scheme;

typedef struct cof_algorithm {
    const char *name; /* "RSA-OAEP" */
    cof_scheme scheme;
    cof_key_type type;
    unsigned bits;      /* oct: the key must have exactly so many; 0: any */
    cof_curve curve;    /* EC: the key must be on it */
    const char *hash;   /* OpenSSL's name; NULL: none */
    size_t digest_size; /* signatures: of the digest that is signed; HMAC: of its result */
} cof_algorithm;

/** The algorithm of this name (exact spelling) for this use, or NULL. */
const cof_algorithm *cof_algorithm_find(const char *name, cof_key_use use);

/** Does the key have the type, size and curve that the algorithm needs? */
bool cof_algorithm_fits(const cof_algorithm *algorithm, const cof_key_kind *kind);

/** "encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify": as in key_ops. */
const char *cof_key_use_name(cof_key_use use);

/** Does the use make something new (encrypt, wrapKey, sign)? A key outside its nbf and exp may only
 * open and verify what there is. */
bool cof_key_use_makes(cof_key_use use);

/** Does the use need the secret part of a key of this type? */
bool cof_key_use_is_secret(cof_key_use use, cof_key_type type);

#endif
