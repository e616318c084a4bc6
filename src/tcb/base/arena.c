#include "tcb/base/arena.h"

#include <sys/mman.h>

#include "tcb/base/size.h"
#include "tcb/base/wipe.h"

/* Where a model does not fit the TLB any more; smaller arenas would only round up their memory. */
enum { HUGE_PAGES_FROM = 16 * 1024 * 1024 };

cof_status cof_arena_need(size_t bytes, size_t *out_bytes, cof_err *err)
{
    size_t padded = 0;
    COF_TRY(cof_size_add(bytes, COF_ARENA_ALIGN - 1, &padded, err));
    *out_bytes = padded & ~(size_t)(COF_ARENA_ALIGN - 1);
    return COF_OK;
}

cof_status cof_arena_init(cof_arena *arena, size_t size, cof_err *err)
{
    *arena = (cof_arena){0};
    if (size == 0) {
        return COF_OK;
    }
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return COF_FAIL(err, NO_MEMORY, "arena of %zu bytes", size);
    }
    /* Best effort: the process also forbids core dumps altogether. */
    (void)madvise(base, size, MADV_DONTDUMP);
    if (size >= HUGE_PAGES_FROM) {
        (void)madvise(base, size, MADV_HUGEPAGE);
    }
    *arena = (cof_arena){.base = base, .size = size};
    return COF_OK;
}

cof_status cof_arena_take(cof_arena *arena, size_t bytes, void **out_place, cof_err *err)
{
    size_t need = 0;
    COF_TRY(cof_arena_need(bytes, &need, err));
    if (need > arena->size - arena->used) {
        return COF_FAIL(err, NO_MEMORY, "arena: %zu bytes asked, %zu left", need,
                        arena->size - arena->used);
    }
    *out_place = arena->base + arena->used;
    arena->used += need;
    return COF_OK;
}

void cof_arena_free(cof_arena *arena)
{
    if (arena->base != NULL) {
        cof_wipe(arena->base, arena->used);
        (void)munmap(arena->base, arena->size);
    }
    *arena = (cof_arena){0};
}
