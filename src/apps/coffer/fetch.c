#include "apps/coffer/fetch.h"

#include <unistd.h>

#include "apps/coffer/opening.h"
#include "apps/coffer/verify.h"
#include "host/agent/names.h"
#include "host/store/atomic_file.h"
#include "host/store/seal_file.h"
#include "relying/receipt/receipt.h"
#include "tcb/wire/json.h"

void cof_fetched_drop_(cof_fetched *fetched)
{
    json_decref(fetched->outputs);
    fetched->outputs = NULL;
}

static bool is_ours(const cof_request *request, const char *recipient)
{
    cof_path path;
    return cof_path_format(&path, NULL, "%s/identities/%s.sign", request->home, recipient) ==
               COF_OK &&
           access(path.text, F_OK) == 0;
}

/* The first recipient whose keys are in this home's vault, or NULL. */
static const char *opener_of(const cof_request *request, const cof_contract_output *output)
{
    for (size_t i = 0; i < output->recipient_count; i++) {
        if (is_ours(request, output->recipients[i].name)) {
            return output->recipients[i].name;
        }
    }
    return NULL;
}

/* Is a recipient somebody else, who opens it with keys that are not here? */
static bool is_for_others(const cof_request *request, const cof_contract_output *output)
{
    for (size_t i = 0; i < output->recipient_count; i++) {
        if (!is_ours(request, output->recipients[i].name)) {
            return true;
        }
    }
    return false;
}

/* A sealed result as it is, for its other recipients: NAME.sealed beside the receipt. */
static cof_status hand_over(const cof_request *request, const char *blob,
                            const cof_contract_output *output, const char *folder, cof_err *err)
{
    enum { PIECE_BYTES = 256 * 1024 };
    cof_path path;
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf piece = {.limit = PIECE_BYTES};
    uint8_t *place = NULL;
    uint64_t size = 0;
    COF_TRY(cof_path_format(&path, err, "%s/%s.sealed", folder, output->name));
    COF_TRY(cof_blob_size(request->store, blob, &size, err));
    COF_TRY(cof_buf_extend(&piece, PIECE_BYTES, &place, err));
    COF_TRY(cof_atomic_file_begin_path(path.text, 0644, &file, err));
    for (uint64_t done = 0; done < size;) {
        const size_t part = size - done < PIECE_BYTES ? (size_t)(size - done) : PIECE_BYTES;
        COF_TRY(cof_blob_read(request->store, blob, done, (cof_span){place, part}, err));
        COF_TRY(cof_atomic_file_write(file, done, cof_view_of(place, part), err));
        done += part;
    }
    return cof_atomic_file_commit(file, err);
}

static cof_status fetch_output(const cof_request *request, const cof_run_state *run,
                               const cof_contract_output *output, const char *folder,
                               cof_fetched *out, cof_err *err)
{
    cof_blob_name name;
    cof_path path;
    const char *identity = opener_of(request, output);
    COF_TRY(cof_name_output(&request->contract->digest, run->run, output->name, &name, err));
    if (is_for_others(request, output)) {
        COF_TRY(hand_over(request, name.text, output, folder, err));
        out->others++;
    }
    if (identity == NULL) {
        return COF_OK;
    }
    const char *format = cof_contract_output_format_name(output->format);
    cof_unlocker unlocker = {.home = request->home,
                             .identity = identity,
                             .services = request->services,
                             .services_are_borrowed = true};
    const cof_open_request open = {.expect = {.kind = output->format == COF_CONTRACT_SAFETENSORS
                                                          ? COF_SEAL_MODEL
                                                          : COF_SEAL_REPORT,
                                              .context = &request->contract->digest,
                                              .name = output->name},
                                   .key = cof_unlock,
                                   .key_context = &unlocker};
    COF_TRY(cof_path_format(&path, err, "%s/%s.%s", folder, output->name,
                            cof_output_extension(format)));
    COF_TRY(cof_open_file_from_store(request->store, name.text, &open, path.text, err));
    return cof_json_set(out->outputs, output->name, json_string(path.text), err);
}

static cof_status fetch_blob(const cof_request *request, const cof_run_state *run, const char *tail,
                             const char *path, size_t limit, cof_err *err)
{
    cof_blob_name name;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, limit);
    COF_TRY(cof_name_of_run(&request->contract->digest, run->run, tail, &name, err));
    COF_TRY(cof_blob_get(request->store, name.text, &bytes, err));
    return cof_write_file(path, cof_buf_view(&bytes), 0644, err);
}

static cof_status copy_file(const char *from, const char *to, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_read_file(from, &bytes, err));
    return cof_write_file(to, cof_buf_view(&bytes), 0644, err);
}

static cof_status copy_consents(const cof_request *request, const char *folder, cof_err *err)
{
    for (size_t i = 0; i < request->contract->owner_count; i++) {
        cof_path from;
        cof_path to;
        const char *owner = request->contract->owners[i].name;
        COF_TRY(cof_path_format(&from, err, "%s/consent-%s.json", request->job_path.text, owner));
        COF_TRY(cof_path_format(&to, err, "%s/consent-%s.json", folder, owner));
        COF_TRY(copy_file(from.text, to.text, err));
    }
    return COF_OK;
}

static bool has_key(const json_t *keys, const json_t *jwk)
{
    size_t i = 0;
    json_t *other = NULL;
    json_array_foreach((json_t *)(uintptr_t)keys, i, other)
    {
        if (json_equal(other, jwk) != 0) {
            return true;
        }
    }
    return false;
}

/* Adds the keys that a service publishes today to a set. Two services may publish the same one,
 * which stands in a set once. */
static cof_status add_token_keys(const cof_request *request, const char *authority, json_t *keys,
                                 cof_err *err)
{
    cof_path url;
    json_t *list = NULL;
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_JSON json_t *set = NULL;
    COF_TRY(cof_path_format(&url, err, "%s/certs", authority));
    const cof_http_call call = {.method = "GET", .url = url.text};
    COF_TRY(cof_http_send(request->services->attest_http, &call, &answer, err));
    COF_TRY(cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_JSON_BYTES, &set, err));
    COF_TRY(cof_json_get(set, "keys", JSON_ARRAY, &list, err));
    size_t i = 0;
    json_t *jwk = NULL;
    json_array_foreach(list, i, jwk)
    {
        if (!has_key(keys, jwk)) {
            COF_TRY(cof_json_append(keys, json_incref(jwk), err));
        }
    }
    return COF_OK;
}

/* The keys of the contract's attestation services: what the token in the receipt is verified with
 * later, offline. One that is down now has not given the token, or will be asked again. */
static cof_status fetch_token_keys(const cof_request *request, const char *folder, cof_err *err)
{
    const cof_contract *contract = request->contract;
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_JSON_BYTES};
    COF_JSON json_t *set = json_object();
    json_t *keys = json_array();
    COF_TRY(cof_json_set(set, "keys", keys, err));
    cof_status status = add_token_keys(request, contract->authority, keys, err);
    for (size_t i = 0; i < contract->other_authority_count; i++) {
        const cof_status other = add_token_keys(request, contract->other_authorities[i], keys,
                                                status == COF_OK ? NULL : err);
        status = status == COF_OK ? status : other;
    }
    COF_TRY(status);
    COF_TRY(cof_json_print(set, &text, err));
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, COF_TOKEN_KEYS_FILE));
    return cof_write_file(path.text, cof_buf_view(&text), 0644, err);
}

cof_status cof_fetch(const cof_request *request, const cof_run_state *run, const char *folder,
                     cof_fetched *out, cof_err *err)
{
    cof_path path;
    out->outputs = json_object();
    if (out->outputs == NULL) {
        return COF_FAIL(err, NO_MEMORY, "outputs");
    }
    COF_TRY(cof_make_folders(folder, err));
    for (size_t i = 0; i < request->contract->output_count; i++) {
        COF_TRY(fetch_output(request, run, &request->contract->outputs[i], folder, out, err));
    }
    COF_TRY(cof_path_format(&path, err, "%s/log.jsonl", folder));
    COF_TRY(fetch_blob(request, run, COF_NAME_LOG, path.text, COF_RECEIPT_LOG_BYTES_MAX, err));
    COF_TRY(cof_path_format(&path, err, "%s/contract.json", folder));
    COF_TRY(copy_file(request->contract_path.text, path.text, err));
    COF_TRY(copy_consents(request, folder, err));
    COF_TRY(fetch_token_keys(request, folder, err));
    /* Last: a folder with a receipt is complete. */
    COF_TRY(cof_path_format(&out->receipt, err, "%s/receipt.json", folder));
    return fetch_blob(request, run, COF_NAME_RECEIPT, out->receipt.text, COF_RECEIPT_BYTES_MAX,
                      err);
}
