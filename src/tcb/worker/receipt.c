#include <string.h>

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "tcb/worker/disclose.h"
#include "tcb/worker/talk.h"

/*
 * The receipt of docs/formats/receipt.md: a statement made of parts that are each one function,
 * then a DSSE envelope around it.
 */
#define PAYLOAD_TYPE "application/vnd.in-toto+json"

enum { STATEMENT_LIMIT = 4 * COF_LIMIT_JSON_BYTES };

static json_t *text_of_digest(const cof_digest *digest)
{
    char hex[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(digest, hex);
    return json_string(hex);
}

/* jansson takes no text for an empty one. */
static json_t *text_of_view(cof_view text)
{
    return text.size == 0 ? json_string("") : json_stringn((const char *)text.data, text.size);
}

static cof_status set_base64url(json_t *object, const char *key, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, key, text_of_view(cof_buf_view(&text)), err);
}

static json_t *print_subject(const cof_worker *worker)
{
    COF_JSON json_t *subject = json_array();
    for (size_t i = 0; i < worker->contract->output_count; i++) {
        json_t *one = json_pack("{s:s,s:{s:o}}", "name", worker->contract->outputs[i].name,
                                "digest", "sha256", text_of_digest(&worker->outputs[i].plain));
        if (json_array_append_new(subject, one) != 0) {
            return NULL;
        }
    }
    return json_incref(subject);
}

static json_t *print_inputs(const cof_worker *worker)
{
    COF_JSON json_t *inputs = json_array();
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        const cof_contract_input *input = &worker->contract->inputs[i];
        COF_JSON json_t *digests = json_array();
        for (size_t k = 0; k < input->object_count; k++) {
            if (json_array_append_new(digests, text_of_digest(&input->objects[k].digest)) != 0) {
                return NULL;
            }
        }
        json_t *one = json_pack("{s:s,s:O,s:I}", "name", input->name, "digests", digests, "rows",
                                (json_int_t)worker->inputs.row_counts[i]);
        if (json_array_append_new(inputs, one) != 0) {
            return NULL;
        }
    }
    return json_incref(inputs);
}

static json_t *print_outputs(const cof_worker *worker)
{
    COF_JSON json_t *outputs = json_array();
    for (size_t i = 0; i < worker->contract->output_count; i++) {
        const cof_contract_output *output = &worker->contract->outputs[i];
        json_t *one = json_pack("{s:s,s:s,s:o,s:o}", "name", output->name, "format",
                                cof_contract_output_format_name(output->format), "sha256",
                                text_of_digest(&worker->outputs[i].plain), "sealed",
                                text_of_digest(&worker->outputs[i].sealed));
        if (json_array_append_new(outputs, one) != 0) {
            return NULL;
        }
    }
    return json_incref(outputs);
}

static json_t *print_timeline(const cof_worker *worker)
{
    COF_JSON json_t *timeline = json_array();
    for (size_t i = 0; i < worker->mark_count; i++) {
        json_t *one = json_pack("{s:s,s:I}", "step", worker->marks[i].step, "host_time",
                                (json_int_t)worker->marks[i].host_time_unix_s);
        if (json_array_append_new(timeline, one) != 0) {
            return NULL;
        }
    }
    return json_incref(timeline);
}

static cof_status add_evidence(const cof_worker *worker, json_t *predicate, cof_err *err)
{
    json_t *evidence = json_pack("{s:s}", "type", cof_quote_source_name(worker->config->quotes));
    COF_TRY(cof_json_set(predicate, "evidence", evidence, err));
    COF_TRY(set_base64url(evidence, "quote", cof_buf_view(&worker->evidence), err));
    COF_TRY(set_base64url(evidence, "runtime", cof_buf_view(&worker->runtime), err));
    return cof_json_set(predicate, "attestation",
                        json_pack("{s:o}", "token", text_of_view(cof_buf_view(&worker->token))),
                        err);
}

static cof_status add_results(cof_worker *worker, json_t *predicate, cof_err *err)
{
    cof_train_report report;
    const unsigned disclosed = worker->contract->disclose;
    COF_TRY(cof_trainer_report(worker->trainer, &report, err));
    COF_TRY(cof_json_set(predicate, "inputs", print_inputs(worker), err));
    COF_TRY(cof_json_set(predicate, "outputs", print_outputs(worker), err));
    COF_TRY(cof_json_set(predicate, "metrics", cof_disclose_metrics(&report, disclosed), err));
    return cof_json_set(predicate, "history", cof_disclose_history(worker->trainer, disclosed),
                        err);
}

static cof_status add_identity(const cof_worker *worker, json_t *predicate, cof_err *err)
{
    char run[2 * COF_RUN_ID_SIZE + 1];
    cof_hex_text(cof_view_of(worker->run, sizeof worker->run), run);
    COF_TRY(cof_json_set(predicate, "contract", json_incref(worker->contract->json), err));
    COF_TRY(
        cof_json_set(predicate, "contract_digest", text_of_digest(&worker->contract->digest), err));
    COF_TRY(cof_json_set(predicate, "run", json_string(run), err));
    COF_TRY(cof_json_set(
        predicate, "worker",
        json_pack("{s:s,s:s}", "version", COF_VERSION, "kernel", cof_path_name(worker->path)),
        err));
    COF_TRY(cof_json_set(predicate, "log",
                         json_pack("{s:I,s:o}", "events", (json_int_t)worker->event_count, "head",
                                   text_of_digest(&worker->event_head)),
                         err));
    return cof_json_set(predicate, "timeline", print_timeline(worker), err);
}

static cof_status print_statement(cof_worker *worker, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *statement =
        json_pack("{s:s,s:s,s:{}}", "_type", "https://in-toto.io/Statement/v1", "predicateType",
                  "urn:coffer:receipt:v1", "predicate");
    if (statement == NULL) {
        return COF_FAIL(err, NO_MEMORY, "statement");
    }
    json_t *predicate = json_object_get(statement, "predicate");
    COF_TRY(cof_json_set(statement, "subject", print_subject(worker), err));
    COF_TRY(add_identity(worker, predicate, err));
    COF_TRY(add_results(worker, predicate, err));
    COF_TRY(add_evidence(worker, predicate, err));
    return cof_json_canonical(statement, out, err);
}

/* DSSE's pre-authentication encoding. */
static cof_status sign_statement(const cof_worker *worker, cof_view statement,
                                 cof_buf *out_signature, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf pae;
    cof_buf_init(&pae, STATEMENT_LIMIT + 256);
    COF_TRY(cof_buf_printf(&pae, err, "DSSEv1 %zu " PAYLOAD_TYPE " %zu ", strlen(PAYLOAD_TYPE),
                           statement.size));
    COF_TRY(cof_buf_append(&pae, statement, err));
    return cof_ec_sign_der(worker->sign, cof_buf_view(&pae), out_signature, err);
}

static cof_status print_base64(cof_view bytes, cof_buf *out, json_t **out_text, cof_err *err)
{
    COF_TRY(cof_base64_encode(bytes, out, err));
    *out_text = text_of_view(cof_buf_view(out));
    return *out_text == NULL ? COF_FAIL(err, NO_MEMORY, "text") : COF_OK;
}

static cof_status print_envelope(cof_view statement, cof_view signature, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf payload;
    COF_CLEANUP(cof_buf_free) cof_buf signed_text;
    COF_JSON json_t *payload_json = NULL;
    COF_JSON json_t *signed_json = NULL;
    cof_buf_init(&payload, 2 * STATEMENT_LIMIT);
    cof_buf_init(&signed_text, 1024);
    COF_TRY(print_base64(statement, &payload, &payload_json, err));
    COF_TRY(print_base64(signature, &signed_text, &signed_json, err));
    COF_JSON json_t *envelope =
        json_pack("{s:O,s:s,s:[{s:s,s:O}]}", "payload", payload_json, "payloadType", PAYLOAD_TYPE,
                  "signatures", "keyid", "coffer-sign", "sig", signed_json);
    if (envelope == NULL) {
        return COF_FAIL(err, NO_MEMORY, "envelope");
    }
    return cof_json_canonical(envelope, out, err);
}

cof_status cof_worker_put_receipt(cof_worker *worker, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf statement;
    COF_CLEANUP(cof_buf_free) cof_buf signature;
    COF_CLEANUP(cof_buf_free) cof_buf envelope;
    cof_buf_init(&statement, STATEMENT_LIMIT);
    cof_buf_init(&signature, 256);
    cof_buf_init(&envelope, 2 * STATEMENT_LIMIT);
    COF_TRY(print_statement(worker, &statement, err));
    COF_TRY(sign_statement(worker, cof_buf_view(&statement), &signature, err));
    COF_TRY(print_envelope(cof_buf_view(&statement), cof_buf_view(&signature), &envelope, err));
    return cof_worker_put(worker, COF_PUT_RECEIPT, "receipt", cof_buf_view(&envelope),
                          (cof_view){0}, err);
}
