/* coffer contract withdraw */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/consent.h"
#include "apps/coffer/opening.h"
#include "apps/coffer/releases.h"
#include "relying/verify/timestamp.h"
#include "tcb/wire/json.h"

enum { HEX_DIGITS = 2 * COF_DIGEST_SIZE };

static bool is_digest(const char *text)
{
    return strlen(text) == HEX_DIGITS && strspn(text, "0123456789abcdefABCDEF") == HEX_DIGITS;
}

/* The operand is a contract's file, or its digest, which is enough. */
static cof_status read_operand(const cof_app *app, const char *operand, cof_handout *out,
                               cof_err *err)
{
    if (!is_digest(operand)) {
        return cof_handout_read(app->home, operand, out, err);
    }
    for (size_t i = 0; i <= HEX_DIGITS; i++) {
        const char c = operand[i];
        out->digest[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    return cof_path_format(&out->folder, err, "%s/jobs/%s", app->home, out->digest);
}

/* Of a contract that was read: is the key that it names for this owner a version of the owner's
 * own? Only that one is ever changed: the contract may come from anybody. */
static cof_status check_key(const cof_handout *handout, const cof_identity *identity, cof_err *err)
{
    const cof_contract *contract = handout->contract;
    for (size_t i = 0; contract != NULL && i < contract->owner_count; i++) {
        const cof_contract_owner *owner = &contract->owners[i];
        if (strcmp(owner->name, identity->name) == 0) {
            return cof_is_same_key(owner->key, identity->data_kid)
                       ? COF_OK
                       : COF_FAIL(err, CONTRACT_MISMATCH,
                                  "the contract names another data key for %s: %.90s", owner->name,
                                  owner->key);
        }
    }
    return contract == NULL
               ? COF_OK
               : COF_FAIL(err, NOT_FOUND, "%s owns no input of this contract", identity->name);
}

/* After the policy: while the consent is there, the same command can be given again. */
static cof_status remove_consent(const cof_handout *handout, const char *owner, bool *out_there,
                                 cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/consent-%s.json", handout->folder.text, owner));
    *out_there = access(path.text, F_OK) == 0;
    if (*out_there && unlink(path.text) != 0) {
        return COF_FAIL(err, IO, "%s cannot be removed", path.text);
    }
    return COF_OK;
}

static void show(const cof_app *app, const cof_handout *handout, const char *owner, bool was_open,
                 const cof_releases *releases)
{
    cof_output_line(app->output, COF_TONE_GOOD,
                    was_open ? "%s has withdrawn: the key is not released for contract %.16s… any "
                               "more"
                             : "the key of %s is not open for contract %.16s…",
                    owner, handout->digest);
    if (releases->count > 0) {
        char when[COF_TIMESTAMP_SIZE];
        cof_timestamp_text(releases->last_unix_s, when);
        cof_output_line(
            app->output, COF_TONE_BAD,
            "it was released before: releases %s%zu, the last at %s; what has begun may "
            "have been finished",
            releases->is_complete ? "" : "at least ", releases->count, when);
    } else if (releases->is_known) {
        cof_output_line(app->output, COF_TONE_PLAIN, "it was never released for it");
    } else {
        cof_output_line(app->output, COF_TONE_DIM,
                        "whether it was released before is in the vault's own log");
    }
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:b,s:o,s:b}", "status", "withdrawn", "contract", handout->digest,
                  "owner", owner, "was_open", was_open, "released",
                  releases->is_known ? json_integer((json_int_t)releases->count) : json_null(),
                  "released_at_least", (int)(releases->is_known && !releases->is_complete));
    cof_output_json(app->output, object);
}

COF_COMMAND(contract_withdraw)
{
    const char *as = cof_args_value(args, "as");
    COF_CLEANUP(cof_handout_drop_) cof_handout handout = {0};
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *sign = NULL;
    cof_releases releases = {0};
    bool was_open = false;
    bool had_consent = false;
    COF_TRY(read_operand(app, cof_args_operand(args, 0), &handout, err));
    COF_TRY(cof_identity_load(app->home, as != NULL ? as : "me", &identity, err));
    COF_TRY(cof_identity_sign_key(app->home, identity->name, &sign, err));
    COF_TRY(check_key(&handout, identity, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(cof_agree_withdraw(app->home, services, identity->data_kid, handout.digest, &was_open,
                               err));
    COF_TRY(remove_consent(&handout, identity->name, &had_consent, err));
    COF_TRY(cof_releases_find(services, identity->data_kid, handout.digest, &releases, err));
    show(app, &handout, identity->name, was_open || had_consent, &releases);
    return COF_OK;
}
