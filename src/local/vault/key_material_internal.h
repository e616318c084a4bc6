/* What the two files of key material share. */
#ifndef COF_LOCAL_KEY_MATERIAL_INTERNAL_H
#define COF_LOCAL_KEY_MATERIAL_INTERNAL_H

#include "local/vault/key_material.h"
#include "tcb/crypto/openssl.h"

struct cof_key_material {
    cof_key_kind kind;
    EVP_PKEY *pkey; /* NULL: oct */
    cof_buf bytes;
};

/** OpenSSL's name of a curve, and the bytes of a coordinate or a private number. */
const char *cof_curve_group_(cof_curve curve);
size_t cof_curve_size_(cof_curve curve);

/** An oct key. @return COF_OK, COF_E_BAD_KEY (size), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_key_material_from_bytes_(const cof_key_kind *kind, cof_view bytes,
                                                     cof_key_material **out, cof_err *err);

#endif
