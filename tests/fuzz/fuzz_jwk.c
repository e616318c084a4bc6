/* Both readers of JWKs; and of PKCS#8, which takes what is no JSON. A key that is read prints as
 * the same key. */
#include <stdlib.h>

#include "tcb/base/limits.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void check_jwk(const json_t *jwk)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *ec = NULL;
    COF_JSON json_t *printed = NULL;
    const char *name = NULL;
    if (cof_rsa_from_jwk(jwk, &rsa, NULL) == COF_OK) {
        check(cof_rsa_to_jwk(rsa, &printed, NULL) == COF_OK && !cof_rsa_has_private(rsa));
        name = "n";
    } else if (cof_ec_from_jwk(jwk, &ec, NULL) == COF_OK) {
        check(cof_ec_to_jwk(ec, &printed, NULL) == COF_OK);
        name = "x";
    }
    check(name == NULL || json_object_get(printed, name) != NULL);
}

static void check_pkcs8(cof_view der)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *ec = NULL;
    check(cof_rsa_from_pkcs8(der, &rsa, NULL) != COF_OK || cof_rsa_has_private(rsa));
    check(cof_ec_from_pkcs8(der, &ec, NULL) != COF_OK || rsa == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view input = cof_view_of(data, size);
    COF_JSON json_t *jwk = NULL;
    if (cof_json_parse(input, COF_LIMIT_RUNTIME_BYTES, &jwk, NULL) == COF_OK) {
        check_jwk(jwk);
    } else {
        check_pkcs8(input);
    }
    return 0;
}
