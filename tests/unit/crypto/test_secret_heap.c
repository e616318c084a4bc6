/*
 * Searches a process for a private key that it uses. Each test is a child of its own, because the
 * heap is started once, before OpenSSL allocates.
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cof_hex.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/pages.h"
#include "tcb/crypto/rsa.h"
#include "vectors/crypto/vectors.h"

enum { PATTERN_SIZE = 24, HEAP_SIZE = 4 * 1024 * 1024, MAPPING_MAX = 64 * 1024 * 1024 };

/* A secret as it stands in memory, with all bits inverted, so that the search does not find itself.
 */
typedef struct pattern {
    uint8_t inverted[PATTERN_SIZE];
} pattern;

static const uint8_t aes_key_byte = 0xC3; /* the AES key is this byte, 32 times */

/* Bytes 8 to 32 of the prime, as OpenSSL's big numbers hold it on a little-endian machine. */
static pattern prime_pattern(void)
{
    COF_HEX(prime, rsa_p_hex);
    pattern wanted;
    for (size_t i = 0; i < PATTERN_SIZE; i++) {
        wanted.inverted[i] = (uint8_t)~prime.data[prime.size - 1 - 8 - i];
    }
    return wanted;
}

static pattern aes_pattern(void)
{
    pattern wanted;
    memset(wanted.inverted, (uint8_t)~aes_key_byte, sizeof wanted.inverted);
    return wanted;
}

static bool is_at(const uint8_t *place, const pattern *wanted)
{
    for (size_t i = 0; i < PATTERN_SIZE; i++) {
        if ((place[i] ^ wanted->inverted[i]) != 0xFF) {
            return false;
        }
    }
    return true;
}

/* How often the secret stands between two addresses. The copy that is searched is wiped. */
static unsigned search_range(int memory, uintptr_t low, uintptr_t high, const pattern *wanted)
{
    const size_t size = high - low;
    unsigned found = 0;
    uint8_t *copy = malloc(size);
    if (copy != NULL && pread(memory, copy, size, (off_t)low) == (ssize_t)size) {
        for (size_t i = 0; i + PATTERN_SIZE <= size; i++) {
            found += is_at(copy + i, wanted);
        }
        explicit_bzero(copy, size);
    }
    free(copy);
    return found;
}

typedef struct places {
    unsigned locked;
    unsigned unlocked;
} places;

/* Counts copies in writable mappings, by whether they are locked and left out of dumps; leaves the
 * stack out. */
static places search(const pattern *wanted)
{
    places found = {0};
    FILE *maps = fopen("/proc/self/smaps", "r");
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    uintptr_t low = 0;
    uintptr_t high = 0;
    bool is_searched = false;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char access[5] = {0};
        uintptr_t from = 0; /* not into low: a line such as "Anonymous:" starts with a hex digit */
        uintptr_t to = 0;
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) == 3) {
            low = from;
            high = to;
            is_searched =
                access[1] == 'w' && high - low <= MAPPING_MAX && strstr(line, "[stack]") == NULL;
        } else if (is_searched && strncmp(line, "VmFlags:", 8) == 0) {
            const bool is_locked = strstr(line, " lo") != NULL && strstr(line, " dd") != NULL &&
                                   strstr(line, " dc") != NULL;
            const unsigned count = search_range(memory, low, high, wanted);
            *(is_locked ? &found.locked : &found.unlocked) += count;
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

/* Everything that a worker does with its keys. */
static void use_keys(cof_rsa_key **out_key, cof_aead **out_aead)
{
    COF_HEX(der, rsa_pkcs8_hex);
    COF_HEX(cipher, rsa_oaep_sha256_hex);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    cof_chunk_key aes;
    uint8_t record[100] = {0};
    uint8_t tag[COF_AEAD_TAG_SIZE];
    memset(aes.bytes, aes_key_byte, sizeof aes.bytes);
    assert_ok(cof_rsa_from_pkcs8(cof_buf_view(&der), out_key, NULL));
    assert_ok(cof_rsa_decrypt(*out_key, COF_OAEP_SHA256, cof_buf_view(&cipher), &out, NULL));
    assert_ok(cof_rsa_sign(*out_key, cof_view_text("x"), &out, NULL));
    assert_ok(cof_aead_openssl_new(&aes, out_aead, NULL));
    assert_ok(
        cof_aead_seal(*out_aead, record, cof_view_of(record, sizeof record), record, tag, NULL));
    cof_chunk_key_wipe(&aes);
}

/* Runs in a child, whose exit code is 0 when what it claims holds. */
static void assert_child(int (*run)(void))
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(run());
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static places search_for_prime(void)
{
    const pattern prime = prime_pattern();
    return search(&prime);
}

static places search_for_aes(void)
{
    const pattern aes = aes_pattern();
    return search(&aes);
}

static int finds_keys_without_the_heap(void)
{
    cof_rsa_key *key = NULL;
    cof_aead *aead = NULL;
    use_keys(&key, &aead);
    return search_for_prime().unlocked > 0 && search_for_aes().unlocked > 0 ? 0 : 1;
}

static int finds_keys_beside_openssls_own_secure_heap(void)
{
    cof_rsa_key *key = NULL;
    cof_aead *aead = NULL;
    if (CRYPTO_secure_malloc_init(HEAP_SIZE, 32) != 1) {
        return 1;
    }
    use_keys(&key, &aead);
    return search_for_prime().unlocked > 0 && search_for_aes().unlocked > 0 ? 0 : 2;
}

static int finds_keys_in_the_heap_alone(void)
{
    cof_rsa_key *key = NULL;
    cof_aead *aead = NULL;
    if (cof_secret_heap_start(HEAP_SIZE, NULL) != COF_OK) {
        return 1;
    }
    use_keys(&key, &aead);
    const places prime = search_for_prime();
    const places aes = search_for_aes();
    if (prime.unlocked > 0 || aes.unlocked > 0) {
        return 2;
    }
    if (prime.locked == 0 || aes.locked == 0) {
        return 3; /* the search would see them */
    }
    cof_rsa_key_free(key);
    cof_aead_free(aead);
    return search_for_prime().locked > 0 || search_for_aes().locked > 0 ? 4 : 0;
}

static int refuses_a_second_start_and_bad_sizes(void)
{
    static const size_t sizes[] = {0, 1024, 100000, 3 * 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (cof_secret_heap_start(sizes[i], NULL) != COF_E_BAD_ARGUMENT) {
            return 1;
        }
    }
    if (cof_secret_heap_start(HEAP_SIZE, NULL) != COF_OK) {
        return 2;
    }
    return cof_secret_heap_start(HEAP_SIZE, NULL) == COF_E_CONFINEMENT ? 0 : 3;
}

static int refuses_to_start_late(void)
{
    OPENSSL_free(OPENSSL_malloc(1));
    return cof_secret_heap_start(HEAP_SIZE, NULL) == COF_E_CONFINEMENT ? 0 : 1;
}

static int runs_out_with_a_status(void)
{
    cof_rsa_key *keys[200] = {NULL};
    if (cof_secret_heap_start((size_t)1 << 19, NULL) != COF_OK) {
        return 1;
    }
    COF_HEX(der, rsa_pkcs8_hex);
    cof_status status = COF_OK;
    size_t made = 0;
    while (status == COF_OK && made < 200) {
        status = cof_rsa_from_pkcs8(cof_buf_view(&der), &keys[made], NULL);
        made += status == COF_OK;
    }
    if (status == COF_OK || made == 0) {
        return 2;
    }
    const size_t reached = made;
    while (made > 0) {
        cof_rsa_key_free(keys[--made]);
    }
    /* And works again when there is room. */
    return reached > 0 && cof_rsa_from_pkcs8(cof_buf_view(&der), &keys[0], NULL) == COF_OK ? 0 : 3;
}

static void without_the_heap_the_search_finds_keys_in_ordinary_memory(void **state)
{
    (void)state;
    assert_child(finds_keys_without_the_heap);
}

static void openssls_own_secure_heap_leaves_copies_outside(void **state)
{
    (void)state;
    assert_child(finds_keys_beside_openssls_own_secure_heap);
}

static void with_the_heap_keys_stand_in_locked_pages_alone_and_are_wiped(void **state)
{
    (void)state;
    assert_child(finds_keys_in_the_heap_alone);
}

static void the_heap_starts_once_and_with_a_power_of_two(void **state)
{
    (void)state;
    assert_child(refuses_a_second_start_and_bad_sizes);
}

static void the_heap_does_not_start_after_openssl_has_allocated(void **state)
{
    (void)state;
    assert_child(refuses_to_start_late);
}

static void a_heap_that_is_full_gives_a_status_and_recovers(void **state)
{
    (void)state;
    assert_child(runs_out_with_a_status);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_heap_the_search_finds_keys_in_ordinary_memory),
        cmocka_unit_test(openssls_own_secure_heap_leaves_copies_outside),
        cmocka_unit_test(with_the_heap_keys_stand_in_locked_pages_alone_and_are_wiped),
        cmocka_unit_test(the_heap_starts_once_and_with_a_power_of_two),
        cmocka_unit_test(the_heap_does_not_start_after_openssl_has_allocated),
        cmocka_unit_test(a_heap_that_is_full_gives_a_status_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
