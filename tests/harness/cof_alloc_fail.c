#include "harness/cof_alloc_fail.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "harness/cof_test.h"

enum { DENSE = 3000, STEP = 5 };

/* The linker's --wrap makes these names of malloc and the others. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *place, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *place, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

/* Of each thread: a test's other side, in a thread of its own, is not what is tested. */
static _Thread_local unsigned long countdown;
static _Thread_local bool has_failed;

static bool fails_now(void)
{
    if (countdown == 0) {
        return false;
    }
    countdown--;
    has_failed = has_failed || countdown == 0;
    return countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *place, size_t size)
{
    return fails_now() ? NULL : __real_realloc(place, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails_now() ? NULL : __real_aligned_alloc(alignment, size);
}

void cof_alloc_fail_at(unsigned long n)
{
    has_failed = false;
    countdown = n;
}

bool cof_alloc_fail_stop(void)
{
    countdown = 0;
    return has_failed;
}

unsigned long cof_alloc_fail_pause(void)
{
    const unsigned long left = countdown;
    countdown = 0;
    return left;
}

void cof_alloc_fail_resume(unsigned long left)
{
    countdown = left;
}

void cof_alloc_fail_hook_jansson(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_malloc(size);
}

static void *openssl_realloc(void *place, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_realloc(place, size);
}

static void openssl_free(void *place, const char *file, int line)
{
    (void)file;
    (void)line;
    free(place);
}

bool cof_alloc_fail_hook_openssl(void)
{
    return CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;
}

static bool is_among(cof_status status, const cof_status *list)
{
    while (*list != COF_OK && *list != status) {
        list++;
    }
    return *list == status; /* OK ends the list, and is always allowed */
}

unsigned long cof_alloc_fail_each(cof_status (*run)(void *context), void *context,
                                  const cof_status *also)
{
    const unsigned long step = getenv("COF_EVERY_ALLOCATION") != NULL ? 1 : STEP;
    for (unsigned long n = 1;; n += n < DENSE ? 1 : step) {
        cof_alloc_fail_at(n);
        const cof_status status = run(context);
        if (!cof_alloc_fail_stop()) {
            assert_ok(status);
            return n - 1;
        }
        if (!is_among(status, also)) {
            assert_status(status, NO_MEMORY);
        }
    }
}
