/* coffer contract consent */
#include "apps/coffer/consent.h"

#include <string.h>
#include <time.h>

#include "apps/coffer/authority.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/confirm.h"
#include "apps/coffer/prepared.h"
#include "relying/contract/explain.h"
#include "relying/policy/policy.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

void cof_handout_drop_(cof_handout *handout)
{
    cof_contract_free(handout->contract);
    handout->contract = NULL;
    cof_buf_free(&handout->text);
}

cof_status cof_handout_read(const char *home, const char *path, cof_handout *out, cof_err *err)
{
    cof_buf_init(&out->text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_read_file(path, &out->text, err));
    const cof_status status = cof_contract_parse(cof_buf_view(&out->text), &out->contract, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
        return status;
    }
    cof_digest_text(&out->contract->digest, out->digest);
    return cof_path_format(&out->folder, err, "%s/jobs/%s", home, out->digest);
}

cof_status cof_handout_keep(const cof_handout *handout, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_make_folders(handout->folder.text, err));
    COF_TRY(cof_path_format(&path, err, "%s/contract.json", handout->folder.text));
    return cof_write_file(path.text, cof_buf_view(&handout->text), 0644, err);
}

/* ---- is this identity the owner that the contract means? ---- */

static cof_status find_owner(const cof_contract *contract, const cof_identity *identity,
                             size_t *out_index, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *sign = NULL;
    COF_JSON json_t *ours = NULL;
    COF_JSON json_t *named = NULL;
    size_t i = 0;
    while (i < contract->owner_count && strcmp(contract->owners[i].name, identity->name) != 0) {
        i++;
    }
    if (i == contract->owner_count) {
        return COF_FAIL(err, NOT_FOUND, "%s owns no input of this contract", identity->name);
    }
    const cof_contract_owner *owner = &contract->owners[i];
    if (strcmp(owner->key, identity->data_kid) != 0) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the contract names another data key for %s: %.90s",
                        owner->name, owner->key);
    }
    COF_TRY(cof_ec_from_jwk(identity->sign_jwk, &sign, err));
    COF_TRY(cof_ec_to_jwk(sign, &ours, err));
    COF_TRY(cof_ec_to_jwk(owner->sign, &named, err));
    if (json_equal(ours, named) == 0) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the contract names another signing key for %s",
                        owner->name);
    }
    *out_index = i;
    return COF_OK;
}

static bool is_one_of(const cof_contract_object *object, const cof_digest *digests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cof_digest_equal(&object->digest, &digests[i])) {
            return true;
        }
    }
    return false;
}

/* With --sealed: each input of this owner is one of these files. */
static cof_status check_sealed(const cof_args *args, const cof_contract *contract, size_t owner,
                               cof_err *err)
{
    cof_digest digests[COF_OPTION_REPEATS];
    const size_t count = cof_args_count(args, "sealed");
    for (size_t i = 0; i < count; i++) {
        COF_CLEANUP(cof_prepared_drop_) cof_prepared prepared = {0};
        COF_TRY(cof_prepared_read(cof_args_nth(args, "sealed", i), &prepared, err));
        digests[i] = prepared.object.digest;
    }
    for (size_t i = 0; count > 0 && i < contract->input_count; i++) {
        const cof_contract_input *input = &contract->inputs[i];
        for (size_t k = 0; input->owner == owner && k < input->object_count; k++) {
            if (!is_one_of(&input->objects[k], digests, count)) {
                return COF_FAIL(err, DIGEST_MISMATCH, "input %s, %s: none of the files of --sealed",
                                input->name, input->objects[k].part);
            }
        }
    }
    return COF_OK;
}

/* ---- what to look at twice ---- */

static cof_status note(json_t *notes, cof_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static cof_status note(json_t *notes, cof_err *err, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return cof_json_append(notes, json_string(text), err);
}

static bool is_owner(const cof_contract *contract, const char *name)
{
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (strcmp(contract->owners[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status note_recipients(const cof_contract *contract, const char *own, json_t *notes,
                                  cof_err *err)
{
    for (size_t i = 0; i < contract->output_count; i++) {
        const cof_contract_output *output = &contract->outputs[i];
        bool is_ours = false;
        for (size_t k = 0; k < output->recipient_count; k++) {
            const char *name = output->recipients[k].name;
            is_ours = is_ours || strcmp(name, own) == 0;
            if (!is_owner(contract, name)) {
                COF_TRY(note(notes, err, "%s of %s goes to %s, who gives no data", output->name,
                             contract->name, name));
            }
        }
        if (!is_ours) {
            COF_TRY(note(notes, err, "you do not receive %s", output->name));
        }
    }
    return COF_OK;
}

/* Whose simulated platform it is: another home's proves what that home's owner says. */
static cof_status note_platform(const cof_contract *contract, const cof_services *services,
                                json_t *notes, cof_err *err)
{
    cof_policy policy;
    COF_TRY(cof_policy_from_contract(contract, &policy, err));
    for (size_t i = 0; i < policy.count; i++) {
        char root[2 * COF_DIGEST_SIZE + 1];
        if (policy.entries[i].tee != COF_TEE_SIMULATED) {
            continue;
        }
        cof_digest_text(&policy.entries[i].root, root);
        const bool is_ours = services->root != NULL && strcmp(root, services->root) == 0;
        COF_TRY(note(notes, err, "the simulated platform is %s: whoever runs it can read the data",
                     is_ours ? "this home's own" : "not this home's, but another's"));
    }
    return COF_OK;
}

static cof_status note_terms(const cof_contract *contract, json_t *notes, cof_err *err)
{
    const int64_t days = (contract->limits.expires_unix_s - (int64_t)time(NULL)) / 86400;
    if (contract->limits.runs > 1) {
        COF_TRY(note(notes, err, "it may run %u times", (unsigned)contract->limits.runs));
    }
    if (days > 90) {
        COF_TRY(note(notes, err, "it holds for %lld days", (long long)days));
    }
    if ((contract->disclose & ~(unsigned)COF_CONTRACT_DISCLOSE_PROGRESS) != 0) {
        COF_TRY(note(notes, err, "figures of the training are seen by whoever runs it"));
    }
    return COF_OK;
}

static cof_status note_authority(const char *authority, const cof_services *services, json_t *notes,
                                 cof_err *err)
{
    bool is_known = false;
    COF_TRY(cof_authority_is_known(services, authority, &is_known, err));
    return is_known ? COF_OK
                    : note(notes, err,
                           "evidence is judged by %s, which your vault does not know: it releases "
                           "nothing on its word before coffer key authority add",
                           authority);
}

static cof_status make_notes(const cof_contract *contract, const cof_services *services,
                             const char *own, json_t **out, cof_err *err)
{
    COF_JSON json_t *notes = json_array();
    COF_TRY(note_authority(contract->authority, services, notes, err));
    for (size_t i = 0; i < contract->other_authority_count; i++) {
        COF_TRY(note_authority(contract->other_authorities[i], services, notes, err));
    }
    COF_TRY(note_platform(contract, services, notes, err));
    COF_TRY(note_recipients(contract, own, notes, err));
    COF_TRY(note_terms(contract, notes, err));
    *out = json_incref(notes);
    return COF_OK;
}

static cof_status show(const cof_app *app, const cof_contract *contract, const json_t *notes,
                       cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    const char *page = NULL;
    size_t i = 0;
    json_t *item = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_contract_explain(contract, &text, err));
    COF_TRY(cof_buf_text(&text, &page, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", page);
    cof_output_line(app->output, COF_TONE_STRONG, "Look twice");
    json_array_foreach((json_t *)(uintptr_t)notes, i, item)
    {
        cof_output_line(app->output, COF_TONE_PLAIN, "  - %s", json_string_value(item));
    }
    return COF_OK;
}

/* ---- the command ---- */

static cof_status hand_out(const cof_app *app, const cof_agreement *agreement, const char *owner,
                           const char *given, const json_t *notes, cof_err *err)
{
    cof_path from;
    cof_path to;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_path_format(&from, err, "%s/consent-%s.json", agreement->folder, owner));
    COF_TRY(given != NULL ? cof_path_format(&to, err, "%s", given)
                          : cof_path_format(&to, err, "consent-%s.json", owner));
    COF_TRY(cof_read_file(from.text, &text, err));
    COF_TRY(cof_write_file(to.text, cof_buf_view(&text), 0644, err));
    cof_output_line(app->output, COF_TONE_GOOD,
                    "%s consents to contract %s\nsend %s to whoever proposed it; to take it back: "
                    "coffer contract withdraw %.16s… --as %s",
                    owner, agreement->digest, to.text, agreement->digest, owner);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:s,s:O}", "status", "consented", "contract", agreement->digest,
                  "owner", owner, "file", to.text, "notes", notes);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(contract_consent)
{
    const char *as = cof_args_value(args, "as");
    COF_CLEANUP(cof_handout_drop_) cof_handout handout = {0};
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_JSON json_t *notes = NULL;
    size_t owner = 0;
    COF_TRY(cof_handout_read(app->home, cof_args_operand(args, 0), &handout, err));
    COF_TRY(cof_identity_load(app->home, as != NULL ? as : "me", &identity, err));
    COF_TRY(find_owner(handout.contract, identity, &owner, err));
    if (cof_contract_is_expired(handout.contract, (int64_t)time(NULL))) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "limits.expires has passed");
    }
    COF_TRY(check_sealed(args, handout.contract, owner, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(make_notes(handout.contract, services, identity->name, &notes, err));
    COF_TRY(show(app, handout.contract, notes, err));
    COF_TRY(cof_confirm_digest(app, args, "digest", "the contract's digest", handout.digest, err));
    COF_TRY(cof_handout_keep(&handout, err));
    const cof_agreement agreement = {.home = app->home,
                                     .services = services,
                                     .contract = handout.contract,
                                     .digest = handout.digest,
                                     .folder = handout.folder.text};
    COF_TRY(cof_agree_as(&agreement, identity->name, (int64_t)time(NULL), err));
    return hand_out(app, &agreement, identity->name, cof_args_value(args, "out"), notes, err);
}

/* ---- coffer run ---- */

static cof_status show_missing(const cof_app *app, const cof_agreement *agreement,
                               const size_t *missing, size_t count, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    cof_output_line(app->output, COF_TONE_STRONG,
                    "\nOthers have to consent first. Give each of them\n  %s/contract.json",
                    agreement->folder);
    for (size_t i = 0; i < count; i++) {
        const char *name = agreement->contract->owners[missing[i]].name;
        char command[320];
        (void)snprintf(command, sizeof command,
                       "coffer contract consent contract.json --as %s --digest %s", name,
                       agreement->digest);
        cof_output_line(app->output, COF_TONE_PLAIN, "%s runs\n  %s", name, command);
        COF_TRY(
            cof_json_append(list, json_pack("{s:s,s:s}", "owner", name, "command", command), err));
    }
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "and gives back consent-NAME.json: then add --consent consent-NAME.json");
    COF_JSON json_t *object = json_pack("{s:s,s:s,s:O}", "contract", agreement->digest, "folder",
                                        agreement->folder, "missing", list);
    cof_output_json(app->output, object);
    return COF_OK;
}

cof_status cof_consent_for_run(const cof_app *app, const cof_args *args, const cof_request *request,
                               cof_err *err)
{
    const cof_agreement agreement = cof_request_agreement(request);
    size_t missing[COF_LIMIT_OWNERS];
    size_t count = 0;
    for (size_t i = 0; i < cof_args_count(args, "consent"); i++) {
        COF_TRY(cof_agree_take(&agreement, cof_args_nth(args, "consent", i), err));
    }
    COF_TRY(cof_agree_missing(&agreement, missing, &count, err));
    if (count > 0) {
        COF_TRY(show_missing(app, &agreement, missing, count, err));
    }
    return cof_agree(&agreement, (int64_t)time(NULL), err);
}
