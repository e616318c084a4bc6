/* AES-256 key wrap: RFC 3394 (whole blocks) and RFC 5649 (with padding). */
#ifndef COF_CRYPTO_KEYWRAP_H
#define COF_CRYPTO_KEYWRAP_H

#include "tcb/crypto/keys.h"

/** Wraps a data key under a job's wrap key, RFC 3394: 40 bytes. */
enum { COF_WRAPPED_DATA_KEY_SIZE = 40 };
COF_MUST_USE cof_status cof_data_key_wrap(const cof_wrap_key *wrap, const cof_data_key *key,
                                          uint8_t out[static COF_WRAPPED_DATA_KEY_SIZE],
                                          cof_err *err);
/** @return COF_OK, COF_E_KEY_MISMATCH. */
COF_MUST_USE cof_status cof_data_key_unwrap(const cof_wrap_key *wrap,
                                            const uint8_t wrapped[static COF_WRAPPED_DATA_KEY_SIZE],
                                            cof_data_key *out, cof_err *err);

/** RFC 5649 under a raw 32-byte key: the second half of CKM_RSA_AES_KEY_WRAP. Appends. */
COF_MUST_USE cof_status cof_kwp_wrap(const uint8_t key[static 32], cof_view material, cof_buf *out,
                                     cof_err *err);
/** @return COF_OK, COF_E_KEY_MISMATCH. */
COF_MUST_USE cof_status cof_kwp_unwrap(const uint8_t key[static 32], cof_view wrapped, cof_buf *out,
                                       cof_err *err);

#endif
