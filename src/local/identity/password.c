/* Passwords of users, as scrypt has them (RFC 7914). */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "local/identity/directory_internal.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* 32 MiB and three passes: the middle row of OWASP's password storage table. About a fifth of a
 * second. */
enum {
    SALT_SIZE = 16,
    HASH_SIZE = 32,
    COST = 1 << 15,
    BLOCK = 8,
    PASSES = 3,
    COST_MAX = 1 << 20,
    BLOCK_MAX = 32,
    PASSES_MAX = 16,
    MEMORY_MAX = 256 * 1024 * 1024
};

typedef struct parameters {
    uint8_t salt[SALT_SIZE];
    uint8_t hash[HASH_SIZE];
    int64_t cost;
    int64_t block;
    int64_t passes;
} parameters;

static bool derive(const parameters *p, const char *password, uint8_t out[static HASH_SIZE])
{
    ERR_clear_error();
    const bool done =
        EVP_PBE_scrypt(password, strlen(password), p->salt, SALT_SIZE, (uint64_t)p->cost,
                       (uint64_t)p->block, (uint64_t)p->passes, MEMORY_MAX, out, HASH_SIZE) == 1;
    ERR_clear_error();
    return done;
}

static cof_status read_bytes(const json_t *stored, const char *key, uint8_t *out, size_t size,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = size};
    COF_TRY(cof_json_get_base64url(stored, key, &bytes, err));
    if (bytes.size != size) {
        return COF_FAIL(err, BAD_FORMAT, "%s has %zu bytes, not %zu", key, bytes.size, size);
    }
    memcpy(out, bytes.data, size);
    return COF_OK;
}

static cof_status read_parameters(const json_t *stored, parameters *out, cof_err *err)
{
    static const char *const members[] = {"salt", "n", "r", "p", "hash"};
    COF_TRY(cof_json_only(stored, members, sizeof members / sizeof members[0], err));
    COF_TRY(read_bytes(stored, "salt", out->salt, SALT_SIZE, err));
    COF_TRY(read_bytes(stored, "hash", out->hash, HASH_SIZE, err));
    COF_TRY(cof_json_get_int(stored, "n", 2, COST_MAX, &out->cost, err));
    COF_TRY(cof_json_get_int(stored, "r", 1, BLOCK_MAX, &out->block, err));
    COF_TRY(cof_json_get_int(stored, "p", 1, PASSES_MAX, &out->passes, err));
    if ((out->cost & (out->cost - 1)) != 0 || 128 * out->cost * out->block > MEMORY_MAX / 2) {
        return COF_FAIL(err, BAD_FORMAT, "scrypt with n %lld and r %lld is not offered",
                        (long long)out->cost, (long long)out->block);
    }
    return COF_OK;
}

cof_status cof_password_check(const json_t *stored, cof_err *err)
{
    parameters p;
    return read_parameters(stored, &p, err);
}

cof_status cof_password_make(const char *password, json_t **out, cof_err *err)
{
    parameters p = {.cost = COST, .block = BLOCK, .passes = PASSES};
    COF_CLEANUP(cof_buf_free) cof_buf salt = {.limit = 2 * SALT_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf hash = {.limit = 2 * HASH_SIZE};
    COF_TRY(cof_random((cof_span){p.salt, SALT_SIZE}, err));
    if (!derive(&p, password, p.hash)) {
        return COF_FAIL(err, NO_MEMORY, "scrypt");
    }
    COF_TRY(cof_base64url_encode(cof_view_of(p.salt, SALT_SIZE), &salt, err));
    COF_TRY(cof_base64url_encode(cof_view_of(p.hash, HASH_SIZE), &hash, err));
    *out = json_pack("{s:s%,s:i,s:i,s:i,s:s%}", "salt", salt.data, salt.size, "n", COST, "r", BLOCK,
                     "p", PASSES, "hash", hash.data, hash.size);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "password");
}

bool cof_password_fits(const json_t *stored, const char *password)
{
    parameters p = {.cost = COST, .block = BLOCK, .passes = PASSES};
    uint8_t hash[HASH_SIZE] = {0};
    const bool is_known = stored != NULL && read_parameters(stored, &p, NULL) == COF_OK;
    /* Also for nobody: whether there is such a user is not to be seen by the time it takes. */
    const bool fits = derive(&p, password, hash) && is_known;
    const bool same = cof_secret_equal(hash, p.hash, HASH_SIZE);
    cof_wipe(hash, sizeof hash);
    return fits && same;
}
