#include "tcb/release/job_key.h"

#include "tcb/base/limits.h"

/* Appends SHA-256 of the key's PKCS#8 DER. */
static cof_status add_owner(const cof_rsa_key *owner, cof_buf *secret, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, COF_LIMIT_RELEASE_BYTES);
    COF_TRY(cof_rsa_to_pkcs8(owner, &der, err));
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(secret, COF_DIGEST_SIZE, &place, err));
    cof_digest hash = {0};
    const cof_status status = cof_digest_of(cof_buf_view(&der), &hash, err);
    for (size_t i = 0; i < COF_DIGEST_SIZE; i++) {
        place[i] = hash.bytes[i];
    }
    cof_wipe(&hash, sizeof hash);
    return status;
}

cof_status cof_job_key_derive(const cof_rsa_key *const *owners, size_t owner_count,
                              const cof_digest *contract, cof_wrap_key *out_key, cof_err *err)
{
    if (owner_count < 1 || owner_count > COF_LIMIT_OWNERS) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu owners", owner_count);
    }
    COF_CLEANUP(cof_buf_free) cof_buf secret = {0};
    cof_buf_init(&secret, (size_t)COF_LIMIT_OWNERS * COF_DIGEST_SIZE);
    for (size_t i = 0; i < owner_count; i++) {
        COF_TRY(add_owner(owners[i], &secret, err));
    }
    return cof_hkdf(cof_buf_view(&secret), cof_view_of(contract->bytes, sizeof contract->bytes),
                    cof_view_text("coffer/job/v1/checkpoint"),
                    (cof_span){out_key->bytes, sizeof out_key->bytes}, err);
}
