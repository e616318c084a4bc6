/*
 * Implementation notes. What keeps a private key locked in OpenSSL 3.0 was measured, by searching a
 * process for its primes (tests/unit/crypto/test_secret_heap.c):
 *
 * - OpenSSL's secure heap alone is not enough: the primes of a key that was read from PKCS#8 and
 * used, and the AES key schedules, stand in the ordinary heap, and not in the secure one.
 * - So every allocation of libcrypto goes to the secure heap, whose pages are locked, between guard
 * pages, left out of core dumps and of children, and wiped when given back. What libcrypto
 * allocated before the start (it frees it later) stays in the C library's heap: there are no keys
 * yet.
 *
 * Not covered: the stack and the registers, what a caller copies out of libcrypto (cof_buf wipes,
 * but does not lock), and the other libraries.
 */
#include "tcb/crypto/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tcb/base/size.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* Linux 5.14; the same number on every architecture */
#endif

enum { HEAP_BLOCK_MIN = 32, HEAP_SIZE_MIN = 64 * 1024 };

/* Pages that the kernel itself does not map. @return NULL where the system has none. */
static void *map_secret(size_t size)
{
    const long fd = syscall(SYS_memfd_secret, (unsigned long)O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    void *place = MAP_FAILED;
    if (ftruncate((int)fd, (off_t)size) == 0) {
        place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    }
    (void)close((int)fd); /* the mapping stays */
    return place == MAP_FAILED ? NULL : place;
}

static void *map_locked(size_t size)
{
    void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
        return NULL;
    }
    if (mlock(place, size) != 0) {
        (void)munmap(place, size);
        return NULL;
    }
    return place;
}

/* Gramine, in an enclave, knows neither dumps nor this call, and says ENOSYS; every Linux has it.
 */
static bool advise(void *place, size_t size, int advice)
{
    return madvise(place, size, advice) == 0 || errno == ENOSYS;
}

/* Keeps pages out of core dumps and out of children. */
static bool hide(void *place, size_t size)
{
    return advise(place, size, MADV_DONTDUMP) && advise(place, size, MADV_DONTFORK);
}

cof_status cof_secret_pages_new(size_t size, cof_secret_pages *out, cof_err *err)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = 0;
    COF_TRY(cof_size_add(size == 0 ? 1 : size, page - 1, &whole, err));
    whole = whole / page * page;
    cof_secret_pages pages = {.size = whole, .kind = "memfd_secret"};
    pages.data = map_secret(whole);
    if (pages.data == NULL) {
        pages.kind = "locked";
        pages.data = map_locked(whole);
    }
    if (pages.data == NULL) {
        return COF_FAIL(err, CONFINEMENT, "%zu bytes cannot be locked: %s", whole, strerror(errno));
    }
    if (!hide(pages.data, whole)) {
        cof_secret_pages_free(&pages);
        return COF_FAIL(err, CONFINEMENT, "%zu bytes cannot be hidden: %s", whole, strerror(errno));
    }
    *out = pages;
    return COF_OK;
}

void cof_secret_pages_free(cof_secret_pages *pages)
{
    if (pages->data != NULL) {
        cof_wipe(pages->data, pages->size);
        (void)munmap(pages->data, pages->size);
    }
    *pages = (cof_secret_pages){0};
}

/*
 * The secure heap makes its own tables through these while it is not ready yet: those, and what was
 * there before, are the C library's.
 */
static void *heap_malloc(size_t size, const char *file, int line)
{
    return CRYPTO_secure_malloc_initialized() ? CRYPTO_secure_malloc(size, file, line)
                                              : malloc(size);
}

static void heap_free(void *place, const char *file, int line)
{
    if (place != NULL && CRYPTO_secure_allocated(place)) {
        CRYPTO_secure_free(place, file, line);
    } else {
        free(place);
    }
}

static void *heap_realloc(void *place, size_t size, const char *file, int line)
{
    if (place == NULL) {
        return heap_malloc(size, file, line);
    }
    if (!CRYPTO_secure_allocated(place)) {
        return realloc(place, size);
    }
    const size_t old_size = CRYPTO_secure_actual_size(place);
    if (size > 0 && size <= old_size && size > old_size / 2) {
        return place;
    }
    void *moved = size == 0 ? NULL : heap_malloc(size, file, line);
    if (moved != NULL) {
        memcpy(moved, place, old_size < size ? old_size : size);
    }
    if (moved != NULL || size == 0) {
        heap_free(place, file, line);
    }
    return moved;
}

/*
 * Is the heap locked and hidden? OpenSSL answers 1 when it did that, and 2 when it could not; but
 * it also says 2 where only the call is missing that Gramine lacks. OpenSSL does not say where its
 * heap is; a fresh one gives itself whole to who asks for all of it.
 */
static bool is_heap_secret(int answer, size_t size)
{
    void *whole = answer == 0 ? NULL : OPENSSL_secure_malloc(size);
    bool is_secret = whole != NULL && mlock(whole, size) == 0 && hide(whole, size);
    if (answer == 2 && is_secret) {
        is_secret = madvise(whole, size, MADV_DONTDUMP) != 0;
    }
    OPENSSL_secure_free(whole);
    return is_secret;
}

cof_status cof_secret_heap_start(size_t size, cof_err *err)
{
    if (size < HEAP_SIZE_MIN || (size & (size - 1)) != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "a secret heap of %zu bytes", size);
    }
    if (CRYPTO_secure_malloc_initialized() ||
        CRYPTO_set_mem_functions(heap_malloc, heap_realloc, heap_free) != 1) {
        return COF_FAIL(err, CONFINEMENT, "OpenSSL is in use already");
    }
    if (!is_heap_secret(CRYPTO_secure_malloc_init(size, HEAP_BLOCK_MIN), size)) {
        (void)CRYPTO_secure_malloc_done();
        return COF_FAIL_OPENSSL(err, CONFINEMENT, "%zu bytes cannot be locked for OpenSSL", size);
    }
    return COF_OK;
}
