/* coffer contract withdraw */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/consent.h"
#include "apps/coffer/releases.h"
#include "relying/verify/timestamp.h"
#include "tcb/wire/json.h"

enum { HEX_DIGITS = 2 * COF_DIGEST_SIZE };

static bool is_digest(const char *text)
{
    return strlen(text) == HEX_DIGITS && strspn(text, "0123456789abcdefABCDEF") == HEX_DIGITS;
}

/* The contract of the operand: a file, or the digest of one that is in this home. A digest alone is
 * enough too. */
static cof_status read_operand(const cof_app *app, const char *operand, cof_handout *out,
                               cof_err *err)
{
    cof_path path;
    if (!is_digest(operand)) {
        return cof_handout_read(app->home, operand, out, err);
    }
    for (size_t i = 0; i <= HEX_DIGITS; i++) {
        const char c = operand[i];
        out->digest[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    COF_TRY(cof_path_format(&out->folder, err, "%s/jobs/%s", app->home, out->digest));
    COF_TRY(cof_path_format(&path, err, "%s/contract.json", out->folder.text));
    return access(path.text, F_OK) == 0 ? cof_handout_read(app->home, path.text, out, err) : COF_OK;
}

/* The key that the contract names for this owner; without the contract, the identity's own. */
static cof_status key_of(const cof_handout *handout, const cof_identity *identity,
                         const char **out_key, cof_err *err)
{
    if (handout->contract == NULL) {
        *out_key = identity->data_kid;
        return COF_OK;
    }
    for (size_t i = 0; i < handout->contract->owner_count; i++) {
        if (strcmp(handout->contract->owners[i].name, identity->name) == 0) {
            *out_key = handout->contract->owners[i].key;
            return COF_OK;
        }
    }
    return COF_FAIL(err, NOT_FOUND, "%s owns no input of this contract", identity->name);
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
        cof_output_line(app->output, COF_TONE_BAD,
                        "it was released before: releases %zu, the last at %s; what has begun may "
                        "have been finished",
                        releases->count, when);
    } else if (releases->is_known) {
        cof_output_line(app->output, COF_TONE_PLAIN, "it was never released for it");
    } else {
        cof_output_line(app->output, COF_TONE_DIM,
                        "whether it was released before is in the vault's own log");
    }
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:b,s:o}", "status", "withdrawn", "contract", handout->digest,
                  "owner", owner, "was_open", was_open, "released",
                  releases->is_known ? json_integer((json_int_t)releases->count) : json_null());
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
    const char *key = NULL;
    bool was_open = false;
    bool had_consent = false;
    COF_TRY(read_operand(app, cof_args_operand(args, 0), &handout, err));
    COF_TRY(cof_identity_load(app->home, as != NULL ? as : "me", &identity, err));
    COF_TRY(cof_identity_sign_key(app->home, identity->name, &sign, err));
    COF_TRY(key_of(&handout, identity, &key, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(cof_agree_withdraw(services, key, handout.digest, &was_open, err));
    COF_TRY(remove_consent(&handout, identity->name, &had_consent, err));
    COF_TRY(cof_releases_find(services, key, handout.digest, &releases, err));
    show(app, &handout, identity->name, was_open || had_consent, &releases);
    return COF_OK;
}
