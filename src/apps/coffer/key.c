/* coffer key create | show */
#include "apps/coffer/commands.h"
#include "apps/coffer/identity.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { DEFAULT_BITS = 3072 };

static cof_status key_bits(const char *text, unsigned *out, cof_err *err)
{
    static const struct {
        const char *text;
        unsigned bits;
    } sizes[] = {{"2048", 2048}, {"3072", 3072}, {"4096", 4096}};
    *out = DEFAULT_BITS;
    if (text == NULL) {
        return COF_OK;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (cof_view_equal(cof_view_text(text), cof_view_text(sizes[i].text))) {
            *out = sizes[i].bits;
            return COF_OK;
        }
    }
    return COF_FAIL(err, USAGE, "--bits is 2048, 3072 or 4096");
}

static void show(const cof_app *app, const cof_identity *identity)
{
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "identity  %s\ndata      %s\nresults   %s\npublic    %s/identities/%s.json",
                    identity->name, identity->data_kid, identity->results_kid, app->home,
                    identity->name);
    cof_output_json(app->output, identity->json);
}

COF_COMMAND(key_create)
{
    const char *name = cof_args_operand(args, 0);
    unsigned bits = 0;
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_TRY(key_bits(cof_args_value(args, "bits"), &bits, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(
        cof_identity_create(app->home, name != NULL ? name : "me", bits, services, &identity, err));
    show(app, identity);
    return COF_OK;
}

COF_COMMAND(key_show)
{
    const char *name = cof_args_operand(args, 0);
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_TRY(cof_identity_load(app->home, name != NULL ? name : "me", &identity, err));
    show(app, identity);
    return COF_OK;
}
