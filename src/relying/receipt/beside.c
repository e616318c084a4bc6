/* What a verifier may have beside the receipt: consents, files, the worker's log. */
#include <string.h>

#include "relying/contract/consent.h"
#include "relying/receipt/internal.h"
#include "tcb/wire/json.h"

static cof_status check_consents(const cof_receipt_state *state, cof_err *err)
{
    if (state->contract == NULL) {
        return COF_FAIL(err, CONSENT_MISSING, "not checked: there is no valid contract");
    }
    return cof_consent_verify_all(state->options->consents, state->options->consent_count,
                                  state->contract, err);
}

cof_status cof_receipt_check_consents(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    if (state->options->consent_count == 0) {
        return COF_OK;
    }
    const cof_status status = check_consents(state, &detail);
    return cof_receipt_record(state, "consents", "each owner's signature over the contract digest",
                              status, &detail, err);
}

/* One file hashes to the subject of its name. */
static cof_status check_file(const cof_receipt_state *state, const cof_receipt_file *file,
                             cof_err *err)
{
    const json_t *subjects = json_object_get(state->statement, "subject");
    size_t i = 0;
    json_t *subject = NULL;
    json_array_foreach(subjects, i, subject)
    {
        if (strcmp(cof_receipt_text(subject, "name"), file->output) == 0) {
            cof_digest digest = {0};
            COF_TRY(cof_json_get_hex(json_object_get(subject, "digest"), "sha256", digest.bytes,
                                     sizeof digest.bytes, err));
            if (!cof_digest_equal(&digest, &file->digest)) {
                char actual[2 * COF_DIGEST_SIZE + 1];
                cof_digest_text(&file->digest, actual);
                return COF_FAIL(err, DIGEST_MISMATCH, "the file for %s hashes to %s", file->output,
                                actual);
            }
            return COF_OK;
        }
    }
    return COF_FAIL(err, NOT_FOUND, "the receipt has no output %s", file->output);
}

cof_status cof_receipt_check_files(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    cof_status status = COF_OK;
    if (state->options->file_count == 0) {
        return COF_OK;
    }
    for (size_t i = 0; status == COF_OK && i < state->options->file_count; i++) {
        status = check_file(state, &state->options->files[i], &detail);
    }
    return cof_receipt_record(state, "files", "each file hashes to its subject", status, &detail,
                              err);
}

/* h(0) = 32 zero bytes, h(i+1) = SHA-256(h(i) || event i). */
static cof_status add_event(cof_digest *head, cof_view event, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(cof_sha256_update(hash, cof_view_of(head->bytes, sizeof head->bytes), err));
    COF_TRY(cof_sha256_update(hash, event, err));
    return cof_sha256_finish(hash, head, err);
}

static cof_status hash_log(cof_view log, cof_digest *out_head, int64_t *out_count, cof_err *err)
{
    cof_digest head = {0};
    int64_t count = 0;
    while (log.size > 0) {
        const uint8_t *end = memchr(log.data, '\n', log.size);
        const size_t size = end == NULL ? log.size : (size_t)(end - log.data);
        COF_TRY(add_event(&head, cof_view_of(log.data, size), err));
        const size_t step = end == NULL ? size : size + 1;
        log = cof_view_of(log.data + step, log.size - step);
        count++;
    }
    *out_head = head;
    *out_count = count;
    return COF_OK;
}

static cof_status check_log(const cof_receipt_state *state, cof_err *err)
{
    if (state->predicate == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "not checked: there is no statement");
    }
    if (state->options->log.size > COF_RECEIPT_LOG_BYTES_MAX) {
        return COF_FAIL(err, LIMIT, "the log is too long");
    }
    const json_t *log = json_object_get(state->predicate, "log");
    int64_t named_count = 0;
    int64_t count = 0;
    cof_digest named_head = {0};
    cof_digest head = {0};
    COF_TRY(cof_json_get_int(log, "events", 0, INT64_C(1) << 40, &named_count, err));
    COF_TRY(cof_json_get_hex(log, "head", named_head.bytes, sizeof named_head.bytes, err));
    COF_TRY(hash_log(state->options->log, &head, &count, err));
    if (count != named_count) {
        return COF_FAIL(err, DIGEST_MISMATCH, "%lld events where the receipt has %lld",
                        (long long)count, (long long)named_count);
    }
    if (!cof_digest_equal(&head, &named_head)) {
        return COF_FAIL(err, DIGEST_MISMATCH, "the log's head is another one");
    }
    return COF_OK;
}

cof_status cof_receipt_check_log(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    if (state->options->log.data == NULL) {
        return COF_OK;
    }
    const cof_status status = check_log(state, &detail);
    return cof_receipt_record(state, "log", "count and head are those of the log", status, &detail,
                              err);
}
