/*
 * Implementation notes
 *
 * The blocks' file is a log of lines of one size, "ID DIGEST\n", read whole at the start; a last
 * line that a crash cut short is dropped, for its block was never sent. Blocks are sent in order,
 * so lines are found by a pointer that goes along.
 */
#include "host/store/upload_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    ID_TEXT = COF_AZURE_BLOCK_ID_SIZE - 1,
    LINE_SIZE = ID_TEXT + 1 + 2 * COF_DIGEST_SIZE + 1,
    LINES_MAX = 50000,
    STATE_MAX = 64 * 1024
};

struct cof_upload_state {
    cof_path json_path;
    cof_path blocks_path;
    int blocks_fd; /* locked */
    cof_buf lines;
    size_t at; /* the line where the next block is looked for first */
    char writer[COF_AZURE_WRITER_ID_SIZE];
    uint8_t object_id[16];
    cof_buf wrapped;
};

static cof_status name_files(const char *folder, const cof_upload_subject *subject,
                             cof_upload_state *state, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = STATE_MAX};
    cof_digest digest = {0};
    char id[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(
        cof_buf_printf(&text, err, "%s\n%s\n%s", subject->where, subject->name, subject->source));
    COF_TRY(cof_digest_of(cof_buf_view(&text), &digest, err));
    cof_digest_text(&digest, id);
    COF_TRY(cof_path_format(&state->json_path, err, "%s/%.32s.json", folder, id));
    return cof_path_format(&state->blocks_path, err, "%s/%.32s.blocks", folder, id);
}

static cof_status open_blocks(cof_upload_state *state, cof_err *err)
{
    state->blocks_fd =
        open(state->blocks_path.text, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->blocks_fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "the state of an upload");
    }
    if (flock(state->blocks_fd, LOCK_EX | LOCK_NB) != 0) {
        return COF_FAIL(err, BUSY, "another process is uploading this");
    }
    return COF_OK;
}

/* Keeps whole lines, and cuts off what follows them. */
static cof_status read_blocks(cof_upload_state *state, cof_err *err)
{
    cof_buf_init(&state->lines, LINES_MAX * LINE_SIZE);
    COF_TRY(cof_read_file(state->blocks_path.text, &state->lines, err));
    state->lines.size -= state->lines.size % LINE_SIZE;
    for (size_t at = 0; at < state->lines.size; at += LINE_SIZE) {
        if (state->lines.data[at + ID_TEXT] != ' ' ||
            state->lines.data[at + LINE_SIZE - 1] != '\n') {
            return COF_FAIL(err, BAD_FORMAT, "%s is not a list of blocks: --restart begins anew",
                            state->blocks_path.text);
        }
    }
    if (ftruncate(state->blocks_fd, (off_t)state->lines.size) != 0) {
        return COF_FAIL_ERRNO(err, errno, "the state of an upload");
    }
    return COF_OK;
}

static json_t *kids_json(const cof_upload_subject *subject)
{
    json_t *kids = json_array();
    for (size_t i = 0; kids != NULL && i < subject->recipient_count; i++) {
        if (json_array_append_new(kids, json_string(subject->recipients[i].kid)) != 0) {
            json_decref(kids);
            return NULL;
        }
    }
    return kids;
}

/* The members that say what is uploaded; NULL when there is no memory. */
static json_t *subject_json(const cof_upload_subject *s)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:o}", "coffer", "upload/v1", "where",
                     s->where, "name", s->name, "source", s->source, "title", s->title, "size",
                     (json_int_t)s->size, "changed", (json_int_t)s->changed_s, "changed_ns",
                     (json_int_t)s->changed_ns, "recipients", kids_json(s));
}

static cof_status check_subject(const json_t *found, const cof_upload_subject *subject,
                                cof_err *err)
{
    static const struct {
        const char *member;
        const char *what;
    } members[] = {{"coffer", "its form"},
                   {"where", "where it goes"},
                   {"name", "its name"},
                   {"source", "its source"},
                   {"size", "the source's size"},
                   {"changed", "when the source was written"},
                   {"changed_ns", "when the source was written"},
                   {"title", "the object's name"},
                   {"recipients", "for whom it is sealed"}};
    COF_JSON json_t *due = subject_json(subject);
    if (due == NULL) {
        return COF_FAIL(err, NO_MEMORY, "the state of an upload");
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_equal(json_object_get(found, members[i].member),
                       json_object_get(due, members[i].member)) == 0) {
            return COF_FAIL(err, BUSY,
                            "an upload of this file broke off, and %s is another now: --restart "
                            "begins anew",
                            members[i].what);
        }
    }
    return COF_OK;
}

static cof_status read_state(cof_upload_state *state, const cof_upload_subject *subject,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = STATE_MAX};
    COF_JSON json_t *json = NULL;
    const char *writer = NULL;
    uint8_t writer_bytes[(COF_AZURE_WRITER_ID_SIZE - 1) / 2];
    COF_TRY(cof_read_file(state->json_path.text, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), STATE_MAX, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the state of an upload");
    }
    COF_TRY(check_subject(json, subject, err));
    COF_TRY(cof_json_get_text(json, "writer", COF_AZURE_WRITER_ID_SIZE - 1, &writer, err));
    COF_TRY(cof_json_get_hex(json, "writer", writer_bytes, sizeof writer_bytes, err));
    COF_TRY(cof_json_get_hex(json, "object_id", state->object_id, sizeof state->object_id, err));
    COF_TRY(cof_json_get_base64url(json, "key", &state->wrapped, err));
    cof_hex_text(cof_view_of(writer_bytes, sizeof writer_bytes), state->writer);
    return COF_OK;
}

static cof_status load(cof_upload_state *state, const cof_upload_subject *subject, bool restart,
                       bool *out_is_new, cof_err *err)
{
    if (restart) {
        /* For good, before the blocks go: the old key without them could be used again for other
         * bytes. */
        if (unlink(state->json_path.text) != 0 && errno != ENOENT) {
            return COF_FAIL_ERRNO(err, errno, "the state of an upload");
        }
        COF_TRY(cof_sync_folder_of(state->json_path.text, err));
    }
    *out_is_new = access(state->json_path.text, F_OK) != 0;
    if (*out_is_new) {
        if (ftruncate(state->blocks_fd, 0) != 0) {
            return COF_FAIL_ERRNO(err, errno, "the state of an upload");
        }
        return COF_OK;
    }
    COF_TRY(read_state(state, subject, err));
    return read_blocks(state, err);
}

cof_status cof_upload_state_open(const char *folder, const cof_upload_subject *subject,
                                 bool restart, cof_upload_state **out, bool *out_is_new,
                                 cof_err *err)
{
    COF_CLEANUP(cof_upload_state_drop_) cof_upload_state *state = calloc(1, sizeof *state);
    bool is_new = false;
    if (state == NULL) {
        return COF_FAIL(err, NO_MEMORY, "the state of an upload");
    }
    state->blocks_fd = -1;
    cof_buf_init(&state->wrapped, COF_UPLOAD_WRAPPED_MAX);
    COF_TRY(cof_make_folders(folder, err));
    COF_TRY(name_files(folder, subject, state, err));
    COF_TRY(open_blocks(state, err));
    COF_TRY(load(state, subject, restart, &is_new, err));
    *out_is_new = is_new;
    *out = cof_upload_state_take(&state);
    return COF_OK;
}

const char *cof_upload_state_writer(const cof_upload_state *state)
{
    return state->writer;
}

const uint8_t *cof_upload_state_object_id(const cof_upload_state *state)
{
    return state->object_id;
}

cof_view cof_upload_state_wrapped(const cof_upload_state *state)
{
    return cof_buf_view(&state->wrapped);
}

static cof_status add_text(json_t *json, const char *member, cof_view bytes,
                           cof_status (*encode)(cof_view, cof_buf *, cof_err *), cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 2 * COF_UPLOAD_WRAPPED_MAX};
    const char *plain = NULL;
    COF_TRY(encode(bytes, &text, err));
    COF_TRY(cof_buf_text(&text, &plain, err));
    return cof_json_set(json, member, json_string(plain), err);
}

cof_status cof_upload_state_begin(cof_upload_state *state, const cof_upload_subject *subject,
                                  cof_view wrapped, cof_err *err)
{
    uint8_t writer[(COF_AZURE_WRITER_ID_SIZE - 1) / 2];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = STATE_MAX};
    COF_JSON json_t *json = subject_json(subject);
    if (json == NULL) {
        return COF_FAIL(err, NO_MEMORY, "the state of an upload");
    }
    COF_TRY(cof_random((cof_span){writer, sizeof writer}, err));
    COF_TRY(cof_random((cof_span){state->object_id, sizeof state->object_id}, err));
    cof_hex_text(cof_view_of(writer, sizeof writer), state->writer);
    COF_TRY(add_text(json, "writer", cof_view_of(writer, sizeof writer), cof_hex_encode, err));
    COF_TRY(add_text(json, "object_id", cof_view_of(state->object_id, sizeof state->object_id),
                     cof_hex_encode, err));
    COF_TRY(add_text(json, "key", wrapped, cof_base64url_encode, err));
    COF_TRY(cof_json_print(json, &text, err));
    return cof_write_file(state->json_path.text, cof_buf_view(&text), 0600, err);
}

/* The line of a block, or NULL. */
static const char *find_line(cof_upload_state *state, const char *block_id)
{
    const size_t count = state->lines.size / LINE_SIZE;
    for (size_t i = 0; i < count; i++) {
        const size_t index = (state->at + i) % count;
        const char *line = (const char *)state->lines.data + index * LINE_SIZE;
        if (memcmp(line, block_id, ID_TEXT) == 0) {
            state->at = index + 1;
            return line;
        }
    }
    return NULL;
}

static cof_status append_line(cof_upload_state *state, const char *line, cof_err *err)
{
    size_t done = 0;
    while (done < LINE_SIZE) {
        const ssize_t n = write(state->blocks_fd, line + done, LINE_SIZE - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "the state of an upload");
        }
        done += (size_t)n;
    }
    if (fdatasync(state->blocks_fd) != 0) {
        return COF_FAIL_ERRNO(err, errno, "the state of an upload");
    }
    return COF_OK;
}

cof_status cof_upload_state_block(cof_upload_state *state, const char *block_id,
                                  const cof_digest *digest, cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    char line[LINE_SIZE + 1];
    cof_digest_text(digest, text);
    if (strlen(block_id) != ID_TEXT) {
        return COF_FAIL(err, BAD_ARGUMENT, "a block's id");
    }
    const char *known = find_line(state, block_id);
    if (known == NULL) {
        (void)snprintf(line, sizeof line, "%s %s\n", block_id, text);
        return append_line(state, line, err);
    }
    if (memcmp(known + ID_TEXT + 1, text, 2 * COF_DIGEST_SIZE) != 0) {
        return COF_FAIL(err, BUSY,
                        "the file changed since its upload broke off: --restart begins anew");
    }
    return COF_OK;
}

void cof_upload_state_finish(cof_upload_state *state)
{
    /* In this order: blocks without a state are of no upload, and are emptied by the next one. */
    (void)unlink(state->json_path.text);
    (void)unlink(state->blocks_path.text);
}

void cof_upload_state_free(cof_upload_state *state)
{
    if (state == NULL) {
        return;
    }
    if (state->blocks_fd >= 0) {
        (void)close(state->blocks_fd);
    }
    cof_buf_free(&state->lines);
    cof_buf_free(&state->wrapped);
    free(state);
}
