#include "apps/coffer/request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/inputs.h"
#include "apps/coffer/store.h"
#include "host/agent/names.h"
#include "host/files/hash_file.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RECORD_BYTES = 4096 };

void cof_request_drop_(cof_request *request)
{
    for (size_t i = 0; i < request->identity_count; i++) {
        cof_identity_free(request->identities[i]);
    }
    cof_contract_free(request->contract);
    cof_buf_free(&request->contract_text);
    cof_blob_store_free(request->store);
    cof_services_free(request->services);
    cof_job_free(request->job);
    cof_diagnostics_free(request->problems);
    cof_buf_free(&request->text);
}

/* Shows every problem of the file, not only the first. */
static cof_status show_problems(const cof_request *request, cof_status status, cof_err *err)
{
    if (cof_diagnostics_count(request->problems) == 0) {
        return status;
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *json = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_diagnostics_print(request->problems, &text, err));
    COF_TRY(cof_diagnostics_json(request->problems, &json, err));
    (void)fwrite(text.data, 1, text.size, stderr);
    cof_output_json(request->output, json);
    return status;
}

cof_status cof_request_read(const char *home, cof_output *output, const char *path,
                            cof_request *out, cof_err *err)
{
    out->home = home;
    out->output = output;
    COF_TRY(cof_path_format(&out->path, err, "%s", path));
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        COF_TRY(cof_path_format(&out->folder, err, "."));
    } else {
        COF_TRY(cof_path_format(&out->folder, err, "%.*s", slash == path ? 1 : (int)(slash - path),
                                path));
    }
    cof_buf_init(&out->text, COF_YAML_BYTES);
    COF_TRY(cof_read_file(path, &out->text, err));
    COF_TRY(cof_diagnostics_new(path, cof_buf_view(&out->text), &out->problems, err));
    const cof_status status =
        cof_job_parse(cof_buf_view(&out->text), out->problems, &out->job, err);
    return status == COF_OK ? COF_OK : show_problems(out, status, err);
}

const cof_identity *cof_request_identity(const cof_request *request, const char *name)
{
    for (size_t i = 0; i < request->identity_count; i++) {
        if (strcmp(request->identities[i]->name, name) == 0) {
            return request->identities[i];
        }
    }
    return NULL;
}

static cof_status add_identity(cof_request *request, const char *name, cof_err *err)
{
    enum { ME_BITS = 3072 };
    if (cof_request_identity(request, name) != NULL) {
        return COF_OK;
    }
    if (request->identity_count == COF_REQUEST_IDENTITIES) {
        return COF_FAIL(err, LIMIT, "more than %d identities", (int)COF_REQUEST_IDENTITIES);
    }
    cof_identity *identity = NULL;
    cof_status status = cof_identity_load(request->home, name, &identity, err);
    if (status == COF_E_NOT_FOUND && strcmp(name, "me") == 0) {
        status =
            cof_identity_create(request->home, name, ME_BITS, request->services, &identity, err);
    }
    COF_TRY(status);
    request->identities[request->identity_count++] = identity;
    return COF_OK;
}

static cof_status add_identities(cof_request *request, cof_err *err)
{
    const cof_job *job = request->job;
    for (size_t i = 0; i < job->inputs.count; i++) {
        COF_TRY(add_identity(request, job->inputs.items[i].owner, err));
    }
    for (size_t i = 0; i < job->outputs.count; i++) {
        for (size_t k = 0; k < job->outputs.items[i].recipients.count; k++) {
            COF_TRY(add_identity(request, job->outputs.items[i].recipients.nodes[k]->text, err));
        }
    }
    return COF_OK;
}

static cof_status measure_worker(cof_digest *out, cof_err *err)
{
    cof_path folder;
    cof_path path;
    COF_TRY(cof_program_folder(&folder, err));
    COF_TRY(cof_path_format(&path, err, "%s/coffer-worker", folder.text));
    return cof_hash_file(path.text, out, err);
}

static cof_status hash_text(cof_sha256 *hash, const char *text, cof_err *err)
{
    /* With the NUL, so that no two lists of texts look alike. */
    return cof_sha256_update(hash, cof_view_of(text, strlen(text) + 1), err);
}

/* Everything that the contract is made of, but for the random parts of sealing. */
static cof_status take_fingerprint(cof_request *request, uint32_t threads, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    COF_TRY(cof_sha256_update(hash, cof_view_of(&threads, sizeof threads), err));
    COF_TRY(cof_sha256_update(
        hash, cof_view_of(request->worker.bytes, sizeof request->worker.bytes), err));
    COF_TRY(cof_sha256_update(hash, cof_buf_view(&request->text), err));
    COF_TRY(hash_text(hash, request->services->url, err));
    for (size_t i = 0; i < request->services->attestation_count; i++) {
        COF_TRY(hash_text(hash, request->services->attestation[i], err));
    }
    COF_TRY(hash_text(hash, request->services->root != NULL ? request->services->root : "", err));
    for (size_t i = 0; i < request->identity_count; i++) {
        COF_TRY(hash_text(hash, request->identities[i]->name, err));
        COF_TRY(hash_text(hash, request->identities[i]->data_kid, err));
        COF_TRY(hash_text(hash, request->identities[i]->results_kid, err));
    }
    COF_TRY(cof_inputs_hash(request, hash, err));
    return cof_sha256_finish(hash, &request->fingerprint, err);
}

static cof_status record_path(const cof_request *request, cof_path *out, cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_path folder;
    cof_digest_text(&request->fingerprint, text);
    COF_TRY(cof_path_format(&folder, err, "%s/requests", request->home));
    COF_TRY(cof_make_folders(folder.text, err));
    return cof_path_format(out, err, "%s/%s.json", folder.text, text);
}

static cof_status set_digest(cof_request *request, const char *digest, cof_err *err)
{
    (void)snprintf(request->digest, sizeof request->digest, "%s", digest);
    COF_TRY(cof_path_format(&request->job_path, err, "%s/jobs/%s", request->home, request->digest));
    return cof_path_format(&request->contract_path, err, "%s/contract.json",
                           request->job_path.text);
}

static cof_status objects_are_there(const cof_request *request, bool *out, cof_err *err)
{
    *out = true;
    for (size_t i = 0; i < request->contract->input_count && *out; i++) {
        const cof_contract_input *input = &request->contract->inputs[i];
        if (request->job->inputs.items[i].sealed != NULL) {
            continue; /* sealed elsewhere: it cannot be made anew, and may come later */
        }
        for (size_t k = 0; k < input->object_count && *out; k++) {
            cof_blob_name name;
            cof_name_input(&input->objects[k].digest, &name);
            COF_TRY(cof_blob_exists(request->store, name.text, out, err));
        }
    }
    return COF_OK;
}

static void forget_contract(cof_request *request)
{
    cof_contract_free(request->contract);
    request->contract = NULL;
    cof_buf_clear(&request->contract_text);
}

/* The contract that this request became before, when it is whole. Anything missing: it is made
 * anew. */
static cof_status find_known(cof_request *request, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf record = {0};
    COF_JSON json_t *json = NULL;
    uint8_t digest[COF_DIGEST_SIZE];
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_buf_init(&record, RECORD_BYTES);
    COF_TRY(record_path(request, &path, err));
    if (access(path.text, F_OK) != 0) {
        return COF_OK;
    }
    COF_TRY(cof_read_file(path.text, &record, err));
    COF_TRY(cof_json_parse(cof_buf_view(&record), RECORD_BYTES, &json, err));
    COF_TRY(cof_json_get_hex(json, "contract", digest, sizeof digest, err));
    cof_hex_text(cof_view_of(digest, sizeof digest), text);
    COF_TRY(set_digest(request, text, err));
    if (access(request->contract_path.text, F_OK) != 0) {
        return COF_OK;
    }
    COF_TRY(cof_read_file(request->contract_path.text, &request->contract_text, err));
    COF_TRY(cof_contract_parse(cof_buf_view(&request->contract_text), &request->contract, err));
    COF_TRY(objects_are_there(request, &request->was_known, err));
    if (!request->was_known) {
        forget_contract(request);
    }
    return COF_OK;
}

static cof_status resolve_now(cof_request *request, uint32_t threads, cof_err *err)
{
    COF_CLEANUP(cof_inputs_drop_) cof_inputs inputs = {0};
    cof_resolve_identity identities[COF_REQUEST_IDENTITIES];
    cof_digest root = {0};
    if (request->services->root != NULL) {
        COF_TRY(cof_hex_decode(cof_view_text(request->services->root), root.bytes,
                               sizeof root.bytes, err));
    }
    for (size_t i = 0; i < request->identity_count; i++) {
        const cof_identity *identity = request->identities[i];
        identities[i] = (cof_resolve_identity){.name = identity->name,
                                               .key = identity->data_kid,
                                               .sign = identity->sign_jwk,
                                               .result_kid = identity->results_kid,
                                               .result_jwk = identity->results_jwk};
    }
    cof_status status = cof_inputs_seal(request, &inputs, err);
    if (status != COF_OK) {
        return show_problems(request, status, err);
    }
    request->sealed_bytes = inputs.sealed_bytes;
    const cof_resolve_facts facts = {.inputs = inputs.facts,
                                     .identities = identities,
                                     .identity_count = request->identity_count,
                                     .installed = {[COF_CONTRACT_SIMULATED] = &request->worker},
                                     .root = request->services->root != NULL ? &root : NULL,
                                     .authority = request->services->attestation[0],
                                     .other_authorities = request->services->attestation + 1,
                                     .other_authority_count =
                                         request->services->attestation_count - 1,
                                     .threads = threads};
    status = cof_resolve(request->job, &facts, request->problems, &request->contract_text,
                         &request->contract, err);
    return status == COF_OK ? COF_OK : show_problems(request, status, err);
}

/* The record comes last: what it names is whole. */
static cof_status remember(cof_request *request, cof_err *err)
{
    char digest[2 * COF_DIGEST_SIZE + 1];
    char record[RECORD_BYTES];
    cof_path path;
    cof_digest_text(&request->contract->digest, digest);
    COF_TRY(set_digest(request, digest, err));
    COF_TRY(cof_make_folders(request->job_path.text, err));
    COF_TRY(cof_write_file(request->contract_path.text, cof_buf_view(&request->contract_text), 0644,
                           err));
    COF_TRY(record_path(request, &path, err));
    (void)snprintf(record, sizeof record, "{\"contract\":\"%s\"}", digest);
    return cof_write_file(path.text, cof_view_text(record), 0600, err);
}

cof_status cof_request_resolve(cof_request *request, cof_err *err)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t threads =
        cores < 1 ? 1 : (cores > COF_LIMIT_THREADS ? COF_LIMIT_THREADS : (uint32_t)cores);
    cof_buf_init(&request->contract_text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_services_open(request->home, &request->services, err));
    COF_TRY(cof_store_of_home(request->services->config, &request->store, err));
    COF_TRY(add_identities(request, err));
    COF_TRY(measure_worker(&request->worker, err));
    const cof_status status = take_fingerprint(request, threads, err);
    if (status != COF_OK) {
        return show_problems(request, status, err);
    }
    COF_TRY(find_known(request, err));
    if (request->was_known) {
        return cof_inputs_store_prepared(request, err);
    }
    COF_TRY(resolve_now(request, threads, err));
    return remember(request, err);
}

cof_agreement cof_request_agreement(const cof_request *request)
{
    return (cof_agreement){.home = request->home,
                           .services = request->services,
                           .contract = request->contract,
                           .digest = request->digest,
                           .folder = request->job_path.text};
}
