#include "host/infer/infer.h"

#include <string.h>

#include "host/infer/feed_file.h"
#include "tcb/wire/reader.h"

/* Only the header and the largest byte are kept: whether the labels fit their data is for the
 * reader of both to say. */
enum { LABELS_HEADER_BYTES = 8 };

typedef struct label_facts {
    uint8_t header[LABELS_HEADER_BYTES];
    size_t header_size;
    uint64_t count;
    uint8_t largest;
} label_facts;

static cof_status take_piece(void *context, cof_view piece, cof_err *err)
{
    label_facts *facts = context;
    (void)err;
    for (size_t i = 0; i < piece.size; i++) {
        if (facts->header_size < LABELS_HEADER_BYTES) {
            facts->header[facts->header_size++] = piece.data[i];
        } else {
            facts->count++;
            facts->largest = piece.data[i] > facts->largest ? piece.data[i] : facts->largest;
        }
    }
    return COF_OK;
}

static cof_status judge(const label_facts *facts, cof_err *err)
{
    static const uint8_t magic[4] = {0, 0, 8, 1};
    cof_reader reader = cof_reader_of(cof_view_of(facts->header, facts->header_size));
    uint8_t found[4] = {0};
    uint32_t count = 0;
    COF_TRY(cof_read_copy(&reader, found, sizeof found, err));
    if (found[0] != 0 || found[1] != 0) {
        return COF_FAIL(err, BAD_FORMAT, "not an IDX file");
    }
    if (memcmp(found, magic, sizeof magic) != 0) {
        return COF_FAIL(
            err, UNSUPPORTED,
            "labels are one dimension of unsigned bytes (00 00 08 01), not 00 00 %02x %02x",
            found[2], found[3]);
    }
    COF_TRY(cof_read_u32be(&reader, &count, err));
    if (facts->count < count) {
        return COF_FAIL(err, TRUNCATED, "%llu labels are missing",
                        (unsigned long long)(count - facts->count));
    }
    if (facts->count > count) {
        return COF_FAIL(err, TRAILING_BYTES, "%llu bytes too many",
                        (unsigned long long)(facts->count - count));
    }
    return count > 0 ? COF_OK : COF_FAIL(err, DATA_EMPTY, "there is no label");
}

cof_status cof_infer_idx_classes(const char *path, size_t *out_classes, cof_err *err)
{
    label_facts facts = {0};
    COF_TRY(cof_feed_file(path, take_piece, &facts, err));
    const cof_status status = judge(&facts, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
        return status;
    }
    *out_classes = facts.largest < 1 ? 2 : (size_t)facts.largest + 1;
    return COF_OK;
}
