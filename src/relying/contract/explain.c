#include "relying/contract/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "relying/contract/explain_schema.h"
#include "relying/policy/policy.h"
#include "tcb/wire/text.h"

static cof_status print_digest(const char *label, const cof_digest *digest, cof_buf *out,
                               cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(digest, text);
    return cof_buf_printf(out, err, "%s%s\n", label, text);
}

static cof_status print_hex(const char *label, const uint8_t *bytes, size_t size, cof_buf *out,
                            cof_err *err)
{
    char text[2 * COF_ACCEPT_MEASUREMENT_SIZE + 1];
    cof_hex_text(cof_view_of(bytes, size), text);
    return cof_buf_printf(out, err, "%s%s\n", label, text);
}

static cof_status explain_tcb(const cof_tcb_policy *policy, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "    TCB     "));
    for (unsigned i = COF_TCB_UP_TO_DATE; i < COF_TCB_STATUS_COUNT; i++) {
        if ((policy->statuses >> i & 1U) != 0) {
            COF_TRY(cof_buf_printf(out, err, " %s", cof_tcb_status_name((cof_tcb_status)i)));
        }
    }
    if (policy->any_advisory) {
        COF_TRY(cof_buf_printf(out, err, ", whatever advisories are open"));
    }
    for (size_t i = 0; i < policy->advisories.count; i++) {
        COF_TRY(cof_buf_printf(out, err, "%s %s", i == 0 ? "; advisories that may be open:" : "",
                               policy->advisories.ids[i]));
    }
    return cof_buf_printf(out, err, "\n");
}

static cof_status explain_registers(const cof_accept *accept, cof_buf *out, cof_err *err)
{
    char label[24];
    for (unsigned i = 0; i < 4; i++) {
        if ((accept->rtmr_mask >> i & 1U) != 0) {
            (void)snprintf(label, sizeof label, "    RTMR%u    ", i);
            COF_TRY(print_hex(label, accept->rtmrs[i], sizeof accept->rtmrs[i], out, err));
        }
    }
    for (unsigned i = 0; i < COF_PCR_COUNT; i++) {
        if ((accept->pcrs.mask >> i & 1U) != 0) {
            (void)snprintf(label, sizeof label, "    PCR%-2u    ", i);
            COF_TRY(print_digest(label, &accept->pcrs.values[i], out, err));
        }
    }
    return COF_OK;
}

static cof_status explain_platform(const cof_accept *accept, cof_buf *out, cof_err *err)
{
    const bool is_simulated = accept->tee == COF_TEE_SIMULATED;
    COF_TRY(cof_buf_printf(
        out, err, "  - %s%s\n", cof_tee_name(accept->tee),
        is_simulated ? ": for development; it protects nothing from the machine's administrator"
                     : ""));
    for (size_t i = 0; i < accept->measurement_count; i++) {
        COF_TRY(print_hex("    program  ", accept->measurements[i],
                          cof_accept_measurement_size(accept->tee), out, err));
    }
    if (is_simulated) {
        return print_digest("    root     ", &accept->root, out, err);
    }
    if (accept->has_signer) {
        COF_TRY(print_hex("    signer   ", accept->signer, sizeof accept->signer, out, err));
        COF_TRY(cof_buf_printf(out, err, "    product  %u, security version %u or later\n",
                               accept->product, accept->minimum_svn));
    }
    COF_TRY(explain_registers(accept, out, err));
    if (accept->has_host_data) {
        COF_TRY(print_hex("    host data", accept->host_data, sizeof accept->host_data, out, err));
    }
    for (size_t i = 0; i < accept->id_key_count; i++) {
        COF_TRY(
            print_hex("    id key   ", accept->id_keys[i], sizeof accept->id_keys[i], out, err));
    }
    return accept->tee == COF_TEE_SEV_SNP ? COF_OK : explain_tcb(&accept->tcb, out, err);
}

static cof_status explain_platforms(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err,
                           "\nWho may read the data\n"
                           "  Only a worker that proves to %s",
                           contract->authority));
    for (size_t i = 0; i < contract->other_authority_count; i++) {
        COF_TRY(cof_buf_printf(out, err, " or %s", contract->other_authorities[i]));
    }
    COF_TRY(cof_buf_append_text(out, " what it is, on:\n", err));
    cof_policy policy;
    COF_TRY(cof_policy_from_contract(contract, &policy, err));
    for (size_t i = 0; i < policy.count; i++) {
        COF_TRY(explain_platform(&policy.entries[i], out, err));
    }
    return COF_OK;
}

static cof_status explain_input(const cof_contract *contract, size_t index, cof_buf *out,
                                cof_err *err)
{
    const cof_contract_input *input = &contract->inputs[index];
    const cof_contract_owner *owner = &contract->owners[input->owner];
    COF_TRY(cof_buf_printf(out, err, "  - %s of %s, to %s (%s", input->name, owner->name,
                           input->use == COF_CONTRACT_TRAIN ? "train on" : "test with",
                           cof_contract_format_name(input->format)));
    if (input->schema != NULL) {
        COF_TRY(cof_buf_printf(out, err, ", %zu columns, target \"%s\"",
                               cof_schema_count(input->schema), input->target));
    }
    if (input->classes > 0) {
        COF_TRY(cof_buf_printf(out, err, ", %" PRIu32 " classes", input->classes));
    }
    COF_TRY(cof_buf_append_text(out, ")\n", err));
    for (size_t i = 0; i < input->object_count; i++) {
        char digest[2 * COF_DIGEST_SIZE + 1];
        cof_digest_text(&input->objects[i].digest, digest);
        COF_TRY(cof_buf_printf(out, err, "    %-7s %s, %" PRIu64 " bytes%s\n",
                               input->objects[i].part, digest, input->objects[i].size,
                               input->objects[i].encryption == COF_CONTRACT_AZURE_CSE_V2
                                   ? ", encrypted by Azure Storage's client"
                                   : ""));
    }
    return cof_explain_schema(contract, index, out, err);
}

static cof_status explain_inputs(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "\nWhat data goes in\n", err));
    for (size_t i = 0; i < contract->input_count; i++) {
        COF_TRY(explain_input(contract, i, out, err));
    }
    COF_TRY(cof_buf_append_text(
        out, "  Each owner's key is released only after that owner's consent:\n", err));
    for (size_t i = 0; i < contract->owner_count; i++) {
        COF_TRY(cof_buf_printf(out, err, "    %-12s %s\n", contract->owners[i].name,
                               contract->owners[i].key));
    }
    return COF_OK;
}

static cof_status explain_model(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    const cof_contract_model *model = &contract->model;
    COF_TRY(cof_buf_printf(out, err, "  model      %s for %s", cof_contract_model_name(model->kind),
                           cof_contract_task_name(contract->task)));
    for (size_t i = 0; i < model->hidden_count; i++) {
        COF_TRY(cof_buf_printf(out, err, "%s%" PRIu32, i == 0 ? ", hidden layers of " : ", ",
                               model->hidden[i]));
    }
    return cof_buf_printf(out, err, "%s%s\n", model->hidden_count > 0 ? ", " : "",
                          model->hidden_count > 0 ? cof_contract_activation_name(model->activation)
                                                  : "");
}

static cof_status explain_training(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    const cof_contract_training *training = &contract->training;
    COF_TRY(cof_buf_append_text(out, "\nWhat is done with it\n", err));
    COF_TRY(explain_model(contract, out, err));
    COF_TRY(cof_buf_printf(
        out, err,
        "  training   %" PRIu32 " epochs at most, batches of %" PRIu32 ", %s at rate %g\n",
        training->epochs, training->batch, cof_contract_optimizer_name(training->optimizer.kind),
        training->optimizer.learning_rate));
    COF_TRY(cof_buf_printf(out, err, "  rows       %g of them to validate, %g to test\n",
                           training->validation, training->test));
    if (training->stop != COF_CONTRACT_STOP_NONE) {
        COF_TRY(cof_buf_printf(out, err,
                               "  stop       after %" PRIu32 " epochs without a better %s\n",
                               training->stop_patience, cof_contract_stop_name(training->stop)));
    }
    return cof_buf_printf(
        out, err, "  repeatable seed %" PRIu64 ", kernel %s: the same data gives the same model\n",
        training->seed, cof_contract_kernel_name(training->kernel));
}

static cof_status explain_disclosure(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(
        out, "\nWhat leaves the enclave\n  for everybody, the operator too: ", err));
    if (contract->disclose == 0) {
        COF_TRY(cof_buf_append_text(out, "only that it runs, and sizes and times", err));
    }
    for (unsigned set = contract->disclose; set != 0; set &= set - 1) {
        COF_TRY(
            cof_buf_printf(out, err, "%s%s", set == contract->disclose ? "" : ", ",
                           cof_contract_disclosure_name((cof_contract_disclosure)(set & -set))));
    }
    return cof_buf_append_text(out, "\n", err);
}

static cof_status explain_outputs(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    COF_TRY(explain_disclosure(contract, out, err));
    for (size_t i = 0; i < contract->output_count; i++) {
        const cof_contract_output *output = &contract->outputs[i];
        COF_TRY(cof_buf_printf(
            out, err, "  sealed: %s (%s), which only these can open:\n", output->name,
            output->format == COF_CONTRACT_SAFETENSORS ? "the model" : "the report"));
        for (size_t j = 0; j < output->recipient_count; j++) {
            COF_TRY(cof_buf_printf(out, err, "    %-12s %s\n", output->recipients[j].name,
                                   output->recipients[j].kid));
        }
    }
    return cof_buf_append_text(
        out, "  A model can hold traces of the rows that it was trained on.\n", err);
}

static cof_status explain_limits(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    const cof_contract_limits *limits = &contract->limits;
    const time_t expires = (time_t)limits->expires_unix_s;
    struct tm parts = {0};
    char date[32] = "?";
    if (gmtime_r(&expires, &parts) != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    COF_TRY(cof_buf_printf(
        out, err,
        "\nWhen it ends\n  No key is released after %s, nor for more than %" PRIu32 " run%s.\n",
        date, limits->runs, limits->runs == 1 ? "" : "s"));
    return cof_buf_printf(
        out, err, "  A run ends after %" PRIu32 " s, and has at most %" PRIu64 " KiB of memory.\n",
        limits->wall_time_s, limits->memory_bytes / 1024);
}

cof_status cof_contract_explain(const cof_contract *contract, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "Contract %s\n  purpose    %s\n", contract->name,
                           contract->purpose));
    COF_TRY(print_digest("  digest     ", &contract->digest, out, err));
    COF_TRY(explain_platforms(contract, out, err));
    COF_TRY(explain_inputs(contract, out, err));
    COF_TRY(explain_training(contract, out, err));
    COF_TRY(explain_outputs(contract, out, err));
    return explain_limits(contract, out, err);
}
