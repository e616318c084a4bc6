/*
 * The secret part of a key, of any type that the vault holds: RSA 2048, 3072, 4096; EC P-256,
 * P-384, P-521, P-256K; oct 128, 192, 256. The -HSM names are accepted everywhere and mean the
 * same: this vault is software.
 *
 * Secret bytes live in OpenSSL objects (whose allocations are locked, docs/decisions/006) or in
 * cof_buf, and are wiped.
 */
#ifndef COF_LOCAL_KEY_MATERIAL_H
#define COF_LOCAL_KEY_MATERIAL_H

#include <jansson.h>

#include "tcb/base/buf.h"

typedef enum cof_key_type { COF_KEY_RSA, COF_KEY_EC, COF_KEY_OCT } cof_key_type;

typedef enum cof_curve {
    COF_CURVE_P256,
    COF_CURVE_P384,
    COF_CURVE_P521,
    COF_CURVE_P256K
} cof_curve;

/** What to make, or what there is. */
typedef struct cof_key_kind {
    cof_key_type type;
    bool is_hsm;     /* the -HSM name was used: shown again, nothing more */
    unsigned bits;   /* RSA: modulus; oct: key */
    cof_curve curve; /* EC */
} cof_key_kind;

struct evp_pkey_st;
typedef struct cof_key_material cof_key_material;

/** "RSA", "EC-HSM", …; and back. @return false when it is none. */
const char *cof_key_type_name(const cof_key_kind *kind);
bool cof_key_type_from_name(const char *name, cof_key_type *out_type, bool *out_is_hsm);
const char *cof_curve_name(cof_curve curve);
bool cof_curve_from_name(const char *name, cof_curve *out);

/** The kind of a key by its public JWK or meta data: kty and crv; bits is 0. @return COF_OK,
 * COF_E_BAD_KEY. */
COF_MUST_USE cof_status cof_key_kind_of(const json_t *jwk, cof_key_kind *out, cof_err *err);

/** @return COF_OK, COF_E_BAD_ARGUMENT (sizes), COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_key_material_generate(const cof_key_kind *kind, cof_key_material **out,
                                                  cof_err *err);
/** From a private JWK (RFC 7517, 7518 section 6) whose parts must belong together. @return COF_OK,
 * COF_E_BAD_KEY with what is wrong, …. */
COF_MUST_USE cof_status cof_key_material_from_jwk(const json_t *jwk, cof_key_material **out,
                                                  cof_err *err);
/** From what cof_key_material_store appends: PKCS#8 DER (RSA, EC), raw bytes (oct). */
COF_MUST_USE cof_status cof_key_material_load(const cof_key_kind *kind, cof_view bytes,
                                              cof_key_material **out, cof_err *err);
/** Appends PKCS#8 DER (RSA, EC) or raw bytes (oct): what is sealed on disk, and what a release
 * wraps. */
COF_MUST_USE cof_status cof_key_material_store(const cof_key_material *key, cof_buf *out,
                                               cof_err *err);
/** Puts the public members (n, e; crv, x, y; none) and kty into an object. */
COF_MUST_USE cof_status cof_key_material_public(const cof_key_material *key, json_t *jwk,
                                                cof_err *err);

const cof_key_kind *cof_key_material_kind(const cof_key_material *key);
/** RSA, EC: borrowed; NULL for oct. */
struct evp_pkey_st *cof_key_material_evp(const cof_key_material *key);
/** oct: the bytes, borrowed; else empty. */
cof_view cof_key_material_bytes(const cof_key_material *key);

void cof_key_material_free(cof_key_material *key);
COF_OWNED(cof_key_material, cof_key_material_free);

#endif
