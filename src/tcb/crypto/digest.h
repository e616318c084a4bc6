/* SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869) on OpenSSL. */
#ifndef COF_CRYPTO_DIGEST_H
#define COF_CRYPTO_DIGEST_H

#include "tcb/base/buf.h"

enum { COF_DIGEST_SIZE = 32 };

/** A SHA-256 value: public. */
typedef struct cof_digest {
    uint8_t bytes[COF_DIGEST_SIZE];
} cof_digest;

typedef struct cof_sha256 cof_sha256;

COF_MUST_USE cof_status cof_sha256_new(cof_sha256 **out, cof_err *err);
COF_MUST_USE cof_status cof_sha256_update(cof_sha256 *hash, cof_view bytes, cof_err *err);
/** Gives the digest of all that was added; the object can then only be freed. */
COF_MUST_USE cof_status cof_sha256_finish(cof_sha256 *hash, cof_digest *out, cof_err *err);
void cof_sha256_free(cof_sha256 *hash);
COF_OWNED(cof_sha256, cof_sha256_free);

/** The digest of some bytes at once. @return COF_OK, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_digest_of(cof_view bytes, cof_digest *out, cof_err *err);

bool cof_digest_equal(const cof_digest *a, const cof_digest *b);

/** Lower-case hex and a NUL. */
void cof_digest_text(const cof_digest *digest, char out[static 2 * COF_DIGEST_SIZE + 1]);

/** HMAC-SHA-256. @return COF_OK, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_hmac_sha256(cof_view key, cof_view bytes, cof_digest *out,
                                        cof_err *err);

/** HKDF-SHA-256, extract then expand to out.size (at most 255 * 32) bytes. @return COF_OK,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_hkdf(cof_view secret, cof_view salt, cof_view info, cof_span out,
                                 cof_err *err);

#endif
