#include "host/collateral/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "host/collateral/cache_entry.h"
#include "host/collateral/fetcher.h"
#include "host/collateral/summary.h"
#include "relying/verify/timestamp.h"
#include "tcb/crypto/digest.h"

enum {
    KEY_MAX = 1000,
    NOTES_MAX = 4096,
    NAME_DIGITS = 24,
    LOCK_PAUSE_MS = 50,
    LOCK_WAIT_MS = 90000,
    DAY_S = 86400,
    ABSENT_S = 600, /* how long "there is none" is believed */
    LATER_S = 300   /* how long a service that failed is left alone, when the old one will do */
};

typedef struct cache {
    cof_collateral_source base;
    cof_path folder;
    cof_fetcher *fetcher;
    bool is_offline;
    cof_buf notes;
} cache;

/** One part, on its way through the cache. */
typedef struct request {
    cof_part part;
    const cof_collateral_need *need;
    int64_t now_unix_s;
    bool is_forced;
    const char *key;
    cof_path path;
} request;

/* Notes are a kindness: what does not fit is dropped. */
static void add_note(void *context, const char *text)
{
    cache *c = context;
    const size_t before = c->notes.size;
    if (cof_buf_printf(&c->notes, NULL, "%s\n", text) != COF_OK) {
        c->notes.size = before;
    }
}

/* ---- files ---- */

static cof_status entry_path(const cache *c, const char *key, cof_path *out, cof_err *err)
{
    cof_digest digest = {{0}};
    char digits[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_digest_of(cof_view_text(key), &digest, err));
    cof_digest_text(&digest, digits);
    return cof_path_format(out, err, "%s/%.*s-%.*s.json", c->folder.text, (int)strcspn(key, " "),
                           key, (int)NAME_DIGITS, digits);
}

static cof_status open_lock(const request *r, int *out_fd, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s.lock", r->path.text));
    *out_fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *out_fd >= 0 ? COF_OK : COF_FAIL_ERRNO(err, errno, path.text);
}

/* patience_ms 0: only if nobody has it. @return also COF_E_BUSY. */
static cof_status take_lock(int fd, int patience_ms, cof_err *err)
{
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_PAUSE_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, "locking the cache of collateral");
        }
        if (waited_ms >= patience_ms) {
            return COF_FAIL(err, BUSY, "another process has been fetching collateral for %d s",
                            waited_ms / 1000);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_MS * 1000000L}, NULL);
    }
    return COF_OK;
}

/* ---- entries ---- */

static cof_status give(const request *r, const cof_cache_entry *entry, cof_collateral *out,
                       cof_err *err)
{
    if (entry->is_absent) {
        return COF_FAIL(err, NOT_FOUND, "the service had no %.*s when it was asked last",
                        (int)strcspn(r->key, " "), r->key);
    }
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(&entry->items, item);
        if (bytes.size > 0) {
            COF_TRY(cof_collateral_set(out, item, bytes, err));
        }
    }
    return COF_OK;
}

static bool is_fresh(const cof_cache_entry *entry, int64_t now_unix_s)
{
    return entry->is_there && now_unix_s < entry->refresh_unix_s;
}

static bool is_good(const cof_cache_entry *entry, int64_t now_unix_s)
{
    return entry->is_there && !entry->is_absent && now_unix_s <= entry->expires_unix_s;
}

/* Certificates of a platform do not change; what Intel and AMD sign anew is asked for daily. */
static int64_t usual_seconds(cof_part part)
{
    return part == COF_PART_AMD_LEAF || part == COF_PART_AMD_CHAIN ? (int64_t)30 * DAY_S : DAY_S;
}

/* A cache that cannot be written is no reason not to verify. */
static void keep(cache *c, const request *r, const cof_cache_entry *entry)
{
    cof_err reason = {0};
    char text[COF_ERR_DETAIL_SIZE + 48];
    if (cof_cache_entry_write(r->path.text, r->key, entry, &reason) != COF_OK) {
        (void)snprintf(text, sizeof text, "the cache could not be written: %s", reason.detail);
        add_note(c, text);
    }
}

static void keep_absence(cache *c, const request *r)
{
    const cof_cache_entry entry = {.is_there = true,
                                   .is_absent = true,
                                   .fetched_unix_s = r->now_unix_s,
                                   .refresh_unix_s = r->now_unix_s + ABSENT_S};
    keep(c, r, &entry);
}

static cof_status give_offline(cache *c, const request *r, const cof_cache_entry *entry,
                               cof_collateral *out, cof_err *err)
{
    if (!entry->is_there) {
        return COF_FAIL(err, NOT_FOUND, "the cache has no %.*s for this, and was asked offline",
                        (int)strcspn(r->key, " "), r->key);
    }
    if (!entry->is_absent && !is_good(entry, r->now_unix_s)) {
        add_note(c, "offline: what the cache has is expired");
    }
    return give(r, entry, out, err);
}

/* The service failed: what is not expired will do. */
static cof_status make_do(cache *c, const request *r, cof_cache_entry *entry, cof_status status,
                          const cof_err *reason, cof_collateral *out, cof_err *err)
{
    char text[COF_ERR_DETAIL_SIZE + 96];
    char until[COF_TIMESTAMP_SIZE];
    if (r->is_forced || status == COF_E_NO_MEMORY || !is_good(entry, r->now_unix_s)) {
        return cof_err_set(err, status, __FILE__, __LINE__, "%s", reason->detail);
    }
    cof_timestamp_text(entry->expires_unix_s, until);
    (void)snprintf(text, sizeof text, "%.*s from the cache, good until %s: %s",
                   (int)strcspn(r->key, " "), r->key, until, reason->detail);
    add_note(c, text);
    entry->refresh_unix_s = r->now_unix_s + LATER_S;
    keep(c, r, entry);
    return give(r, entry, out, err);
}

static cof_status fetch(cache *c, const request *r, cof_cache_entry *old, cof_collateral *out,
                        cof_err *err)
{
    cof_err reason = {0};
    COF_CLEANUP(cof_fetched_free) cof_fetched fetched = {0};
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    const cof_status status =
        cof_fetch_part(c->fetcher, r->part, r->need, r->now_unix_s, &fetched, &reason);
    if (status == COF_E_NOT_FOUND && !is_good(old, r->now_unix_s)) {
        keep_absence(c, r);
    }
    if (status != COF_OK) {
        return make_do(c, r, old, status, &reason, out, err);
    }
    COF_TRY(cof_cache_entry_make(&fetched.items, fetched.lifetime, usual_seconds(r->part),
                                 r->now_unix_s, &entry, err));
    if (fetched.lifetime.may_store) {
        keep(c, r, &entry);
    }
    return give(r, &entry, out, err);
}

/* Nobody else fetches the same between lock and unlock; whoever had the lock before may have
 * fetched what we want. */
static cof_status fetch_alone(cache *c, const request *r, cof_cache_entry *seen,
                              cof_collateral *out, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int lock = -1;
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    const bool can_do_without = is_good(seen, r->now_unix_s) && !r->is_forced;
    COF_TRY(open_lock(r, &lock, err));
    const cof_status status = take_lock(lock, can_do_without ? 0 : LOCK_WAIT_MS, err);
    if (status == COF_E_BUSY && can_do_without) {
        return give(r, seen, out, err);
    }
    if (status != COF_OK) {
        return status;
    }
    COF_TRY(cof_cache_entry_read(r->path.text, r->key, &entry, err));
    const bool is_new = entry.fetched_unix_s != seen->fetched_unix_s;
    if (is_fresh(&entry, r->now_unix_s) && (is_new || !r->is_forced)) {
        return give(r, &entry, out, err);
    }
    return fetch(c, r, &entry, out, err);
}

static cof_status get_part(cache *c, request *r, cof_collateral *out, cof_err *err)
{
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = KEY_MAX};
    COF_TRY(cof_part_key(c->fetcher, r->part, r->need, &key, err));
    COF_TRY(cof_buf_text(&key, &r->key, err));
    COF_TRY(entry_path(c, r->key, &r->path, err));
    COF_TRY(cof_cache_entry_read(r->path.text, r->key, &entry, err));
    if (c->is_offline) {
        return give_offline(c, r, &entry, out, err);
    }
    if (is_fresh(&entry, r->now_unix_s) && !r->is_forced) {
        return give(r, &entry, out, err);
    }
    return fetch_alone(c, r, &entry, out, err);
}

/* Old reports do not name their product; the leaf does. */
static void learn_product(cof_collateral_need *need, const cof_collateral *found)
{
    cof_summary leaf = {0};
    const cof_view bytes = cof_collateral_view(found, COF_COLLATERAL_AMD_LEAF);
    if (need->product == COF_SNP_NONE && bytes.size > 0 &&
        cof_summarise(COF_COLLATERAL_AMD_LEAF, bytes, &leaf, NULL) == COF_OK) {
        need->product = leaf.product;
    }
}

static cof_status get_all(cache *c, const cof_collateral_need *need, int64_t now_unix_s,
                          bool is_forced, cof_collateral *out, cof_err *err)
{
    cof_collateral_need known = *need;
    cof_buf_clear(&c->notes);
    for (cof_part part = 0; part < COF_PART_COUNT; part++) {
        request r = {
            .part = part, .need = &known, .now_unix_s = now_unix_s, .is_forced = is_forced};
        cof_err reason = {0};
        learn_product(&known, out);
        if (!cof_part_is_needed(part, &known)) {
            continue;
        }
        const cof_status status = get_part(c, &r, out, &reason);
        if (status == COF_E_NOT_FOUND && !is_forced) {
            add_note(c, reason.detail);
        } else if (status != COF_OK) {
            return cof_err_set(err, status, __FILE__, __LINE__, "%s", reason.detail);
        }
    }
    return COF_OK;
}

/* ---- the source ---- */

static cof_status get(cof_collateral_source *self, const cof_collateral_need *need,
                      int64_t now_unix_s, cof_collateral *out, cof_err *err)
{
    return get_all((cache *)self, need, now_unix_s, false, out, err);
}

static void free_cache(cof_collateral_source *self)
{
    cache *c = (cache *)self;
    cof_fetcher_free(c->fetcher);
    cof_buf_free(&c->notes);
    free(c);
}

static const cof_collateral_source_ops cache_ops = {
    .name = "cache", .get = get, .free = free_cache};

cof_status cof_collateral_cache_open(const cof_collateral_cache_options *options,
                                     cof_collateral_source **out, cof_err *err)
{
    cache *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return COF_FAIL(err, NO_MEMORY, "cache of collateral");
    }
    c->base.ops = &cache_ops;
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *owner = &c->base;
    cof_buf_init(&c->notes, NOTES_MAX);
    c->is_offline = options->is_offline;
    COF_TRY(cof_path_format(&c->folder, err, "%s", options->folder));
    COF_TRY(cof_make_folders(c->folder.text, err));
    const cof_fetcher_options fetcher = {
        .origin = options->origin, .http = options->http, .note = add_note, .note_context = c};
    COF_TRY(cof_fetcher_new(&fetcher, &c->fetcher, err));
    *out = cof_collateral_source_take(&owner);
    return COF_OK;
}

cof_status cof_collateral_cache_refresh(cof_collateral_source *source,
                                        const cof_collateral_need *need, int64_t now_unix_s,
                                        cof_collateral *out, cof_err *err)
{
    cache *c = (cache *)source;
    if (c->is_offline) {
        return COF_FAIL(err, BAD_ARGUMENT, "nothing can be fetched offline");
    }
    return get_all(c, need, now_unix_s, true, out, err);
}

const char *cof_collateral_cache_notes(cof_collateral_source *source)
{
    cache *c = (cache *)source;
    const char *text = "";
    return cof_buf_text(&c->notes, &text, NULL) == COF_OK ? text : "";
}
