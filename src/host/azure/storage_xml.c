/*
 * Implementation notes
 *
 * expat finds elements; this file keeps the path from the root ("/EnumerationResults/Blobs/Blob")
 * and the text of the innermost one, and tells a reader when an element ends. A reader is a
 * function and its state; what it does not know it ignores, as the service adds elements.
 */
#include "host/azure/storage_xml.h"

#include <ctype.h>
#include <expat.h>
#include <string.h>

enum { PATH_SIZE = 512 };

typedef struct walk {
    XML_Parser parser;
    char path[PATH_SIZE];
    size_t path_size;
    size_t depth;
    cof_buf text;
    cof_status (*ended)(void *state, const char *path, const char *text, cof_err *err);
    void *state;
    cof_status status;
    cof_err *err;
} walk;

static void stop(walk *w, cof_status status)
{
    w->status = status;
    (void)XML_StopParser(w->parser, XML_FALSE);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    walk *w = context;
    const size_t size = strlen(name);
    (void)attributes;
    if (w->status != COF_OK) {
        return; /* expat may finish the element at hand after it was stopped */
    }
    if (w->depth == COF_STORAGE_XML_DEPTH || size + 2 > PATH_SIZE - w->path_size) {
        stop(w, COF_FAIL(w->err, LIMIT, "storage's XML is nested too deep"));
        return;
    }
    w->path[w->path_size] = '/';
    memcpy(w->path + w->path_size + 1, name, size + 1);
    w->path_size += size + 1;
    w->depth++;
    cof_buf_clear(&w->text);
}

static void XMLCALL on_text(void *context, const XML_Char *text, int size)
{
    walk *w = context;
    if (w->status != COF_OK) {
        return;
    }
    const cof_status status = cof_buf_append(&w->text, cof_view_of(text, (size_t)size), w->err);
    if (status != COF_OK) {
        stop(w, status);
    }
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    walk *w = context;
    const char *text = NULL;
    if (w->status != COF_OK) {
        return;
    }
    cof_status status = cof_buf_text(&w->text, &text, w->err);
    if (status == COF_OK) {
        status = w->ended(w->state, w->path, text, w->err);
    }
    if (status != COF_OK) {
        stop(w, status);
        return;
    }
    w->path_size -= strlen(name) + 1;
    w->path[w->path_size] = '\0';
    w->depth--;
    cof_buf_clear(&w->text);
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public_id, int has_internal)
{
    walk *w = context;
    (void)name;
    (void)system;
    (void)public_id;
    (void)has_internal;
    stop(w, COF_FAIL(w->err, BAD_FORMAT, "storage's XML has a document type"));
}

static cof_status walk_xml(cof_view xml, walk *w)
{
    if (xml.size > COF_STORAGE_XML_BYTES) {
        return COF_FAIL(w->err, LIMIT, "storage's XML has %zu bytes", xml.size);
    }
    w->parser = XML_ParserCreate("UTF-8");
    if (w->parser == NULL) {
        return COF_FAIL(w->err, NO_MEMORY, "XML parser");
    }
    cof_buf_init(&w->text, COF_STORAGE_XML_TEXT);
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, on_start, on_end);
    XML_SetCharacterDataHandler(w->parser, on_text);
    XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
    const enum XML_Status parsed =
        XML_Parse(w->parser, (const char *)xml.data, (int)xml.size, XML_TRUE);
    const enum XML_Error code = XML_GetErrorCode(w->parser);
    XML_ParserFree(w->parser);
    cof_buf_free(&w->text);
    if (w->status != COF_OK) {
        return w->status;
    }
    if (parsed != XML_STATUS_OK) {
        return COF_FAIL(w->err, BAD_FORMAT, "storage's XML: %s", XML_ErrorString(code));
    }
    return COF_OK;
}

static cof_status copy_text(const char *text, char *out, size_t size, cof_err *err)
{
    if (strlen(text) >= size) {
        return COF_FAIL(err, LIMIT, "a text of storage's XML has %zu bytes", strlen(text));
    }
    memcpy(out, text, strlen(text) + 1);
    return COF_OK;
}

static cof_status read_size(const char *text, uint64_t *out, cof_err *err)
{
    uint64_t value = 0;
    const size_t size = strlen(text);
    if (size < 1 || size > 18 || strspn(text, "0123456789") != size) {
        return COF_FAIL(err, BAD_FORMAT, "a size in storage's XML");
    }
    for (const char *c = text; *c != '\0'; c++) {
        value = value * 10 + (uint64_t)(*c - '0');
    }
    *out = value;
    return COF_OK;
}

static cof_status error_ended(void *state, const char *path, const char *text, cof_err *err)
{
    char *out = state;
    (void)err;
    if (strcmp(path, "/Error/Code") == 0) {
        size_t size = 0;
        while (isalnum((unsigned char)text[size]) && size + 1 < COF_STORAGE_CODE_SIZE) {
            out[size] = text[size];
            size++;
        }
        out[size] = '\0';
    }
    return COF_OK;
}

void cof_storage_xml_error(cof_view xml, char out[static COF_STORAGE_CODE_SIZE])
{
    walk w = {.ended = error_ended, .state = out};
    out[0] = '\0';
    if (walk_xml(xml, &w) != COF_OK) {
        out[0] = '\0';
    }
}

typedef struct list_state {
    cof_storage_listed blob;
    bool has_name;
    bool has_size;
    cof_storage_list_visit visit;
    void *context;
    cof_buf *marker;
    bool has_root;
} list_state;

static cof_status list_ended(void *state, const char *path, const char *text, cof_err *err)
{
    static const char blob[] = "/EnumerationResults/Blobs/Blob";
    list_state *s = state;
    if (strcmp(path, "/EnumerationResults/NextMarker") == 0) {
        return cof_buf_append_text(s->marker, text, err);
    }
    s->has_root = s->has_root || strcmp(path, "/EnumerationResults") == 0;
    if (strncmp(path, blob, sizeof blob - 1) != 0) {
        return COF_OK;
    }
    const char *rest = path + sizeof blob - 1;
    if (strcmp(rest, "/Name") == 0) {
        s->has_name = true;
        return copy_text(text, s->blob.name, sizeof s->blob.name, err);
    }
    if (strcmp(rest, "/Properties/Content-Length") == 0) {
        s->has_size = true;
        return read_size(text, &s->blob.size, err);
    }
    if (strcmp(rest, "/Properties/ResourceType") == 0) {
        s->blob.is_folder = strcmp(text, "directory") == 0;
        return COF_OK;
    }
    if (rest[0] != '\0') {
        return COF_OK;
    }
    if (!s->has_name || (!s->has_size && !s->blob.is_folder)) {
        return COF_FAIL(err, BAD_FORMAT, "a blob of storage's list has no name or size");
    }
    COF_TRY(s->visit(s->context, &s->blob, err));
    s->blob = (cof_storage_listed){0};
    s->has_name = false;
    s->has_size = false;
    return COF_OK;
}

cof_status cof_storage_xml_list(cof_view xml, cof_storage_list_visit visit, void *context,
                                cof_buf *out_marker, cof_err *err)
{
    list_state s = {.visit = visit, .context = context, .marker = out_marker};
    walk w = {.ended = list_ended, .state = &s, .err = err};
    COF_TRY(walk_xml(xml, &w));
    return s.has_root ? COF_OK : COF_FAIL(err, BAD_FORMAT, "not a list of blobs");
}

typedef struct blocks_state {
    const char *block; /* the path of a block that is asked for */
    char id[COF_STORAGE_BLOCK_ID_SIZE];
    uint64_t size;
    bool has_id;
    bool has_size;
    cof_storage_block_visit visit;
    void *context;
    bool has_root;
} blocks_state;

static cof_status blocks_ended(void *state, const char *path, const char *text, cof_err *err)
{
    blocks_state *s = state;
    const size_t length = strlen(s->block);
    s->has_root = s->has_root || strcmp(path, "/BlockList") == 0;
    if (strncmp(path, s->block, length) != 0) {
        return COF_OK;
    }
    const char *rest = path + length;
    if (strcmp(rest, "/Name") == 0) {
        s->has_id = true;
        return copy_text(text, s->id, sizeof s->id, err);
    }
    if (strcmp(rest, "/Size") == 0) {
        s->has_size = true;
        return read_size(text, &s->size, err);
    }
    if (rest[0] != '\0') {
        return COF_OK;
    }
    if (!s->has_id || !s->has_size) {
        return COF_FAIL(err, BAD_FORMAT, "a block of storage's list has no name or size");
    }
    s->has_id = false;
    s->has_size = false;
    return s->visit(s->context, s->id, s->size, err);
}

cof_status cof_storage_xml_blocks(cof_view xml, bool is_committed, cof_storage_block_visit visit,
                                  void *context, cof_err *err)
{
    blocks_state s = {.block = is_committed ? "/BlockList/CommittedBlocks/Block"
                                            : "/BlockList/UncommittedBlocks/Block",
                      .visit = visit,
                      .context = context};
    walk w = {.ended = blocks_ended, .state = &s, .err = err};
    COF_TRY(walk_xml(xml, &w));
    return s.has_root ? COF_OK : COF_FAIL(err, BAD_FORMAT, "not a list of blocks");
}

static cof_status delegation_ended(void *state, const char *path, const char *text, cof_err *err)
{
    static const char root[] = "/UserDelegationKey/";
    cof_delegation_key *key = state;
    const struct {
        const char *name;
        char *out;
        size_t size;
    } members[] = {
        {"SignedOid", key->oid, sizeof key->oid},
        {"SignedTid", key->tid, sizeof key->tid},
        {"SignedStart", key->start, sizeof key->start},
        {"SignedExpiry", key->expiry, sizeof key->expiry},
        {"SignedService", key->service, sizeof key->service},
        {"SignedVersion", key->version, sizeof key->version},
        {"Value", key->value, sizeof key->value},
    };
    if (strncmp(path, root, sizeof root - 1) != 0) {
        return COF_OK;
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(path + sizeof root - 1, members[i].name) == 0) {
            if (members[i].out[0] != '\0') {
                return COF_FAIL(err, BAD_FORMAT, "%s twice in storage's XML", members[i].name);
            }
            return copy_text(text, members[i].out, members[i].size, err);
        }
    }
    return COF_OK;
}

cof_status cof_storage_xml_delegation(cof_view xml, cof_delegation_key *out, cof_err *err)
{
    COF_CLEANUP(cof_delegation_key_wipe) cof_delegation_key key = {0};
    walk w = {.ended = delegation_ended, .state = &key, .err = err};
    COF_TRY(walk_xml(xml, &w));
    if (key.oid[0] == '\0' || key.tid[0] == '\0' || key.start[0] == '\0' || key.expiry[0] == '\0' ||
        key.service[0] == '\0' || key.version[0] == '\0' || key.value[0] == '\0') {
        return COF_FAIL(err, BAD_FORMAT, "a member of the user delegation key is missing");
    }
    *out = key;
    return COF_OK;
}
