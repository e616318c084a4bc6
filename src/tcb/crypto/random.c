#include "tcb/crypto/random.h"

#include <openssl/rand.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"

cof_status cof_random(cof_span out, cof_err *err)
{
    /* The generator that OpenSSL keeps for private values: what is published comes from another
     * one. */
    if (out.size > 0 && RAND_priv_bytes_ex(NULL, out.data, out.size, 0) != 1) {
        cof_wipe(out.data, out.size);
        return COF_FAIL_OPENSSL(err, CRYPTO, "random bytes");
    }
    return COF_OK;
}
