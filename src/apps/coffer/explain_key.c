/* coffer key explain: what the vault decided about a key, claim by claim, and what to do. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/explain_advice.h"
#include "apps/coffer/identity.h"
#include "apps/coffer/services.h"
#include "host/azure/vault_call.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { NAME_BYTES = 127, LAST_MAX = 100, RUN_BYTES = 32, VALUE_BYTES = 160 };

/* What is asked about. */
typedef struct question {
    char base[COF_LIMIT_URL_BYTES]; /* of the vault */
    char key[NAME_BYTES + 1];
    const char *run; /* NULL: any */
    int last;        /* 0: the last refusal */
} question;

static bool is_key_name(const char *name, size_t size)
{
    static const char known[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    return size > 0 && size <= NAME_BYTES && strspn(name, known) >= size;
}

/* base and name of https://host/keys/NAME[/VERSION]. */
static cof_status take_url(const char *url, question *q, cof_err *err)
{
    const char *path = strstr(url, "/keys/");
    const char *name = path != NULL ? path + strlen("/keys/") : "";
    const size_t size = strcspn(name, "/");
    if (path == NULL || !is_key_name(name, size) || (size_t)(path - url) >= sizeof q->base) {
        return COF_FAIL(err, USAGE, "%.80s is not the URL of a key", url);
    }
    (void)snprintf(q->base, sizeof q->base, "%.*s", (int)(path - url), url);
    (void)snprintf(q->key, sizeof q->key, "%.*s", (int)size, name);
    return COF_OK;
}

/* An identity of this home by its data key, the URL of a key, or a key's name. */
static cof_status take_key(const char *home, const char *operand, const cof_services *services,
                           question *q, cof_err *err)
{
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    if (strstr(operand, "://") != NULL) {
        return take_url(operand, q, err);
    }
    const cof_status status = cof_identity_load(home, operand, &identity, NULL);
    if (status == COF_OK) {
        return take_url(identity->data_kid, q, err);
    }
    if (!is_key_name(operand, strlen(operand))) {
        return COF_FAIL(err, USAGE, "%.80s is neither an identity of this home nor a key", operand);
    }
    (void)snprintf(q->base, sizeof q->base, "%s", services->url);
    (void)snprintf(q->key, sizeof q->key, "%s", operand);
    return COF_OK;
}

static cof_status take_options(const cof_args *args, question *q, cof_err *err)
{
    const char *last = cof_args_value(args, "last");
    q->run = cof_args_value(args, "run");
    if (q->run != NULL &&
        (strlen(q->run) != RUN_BYTES || strspn(q->run, "0123456789abcdef") != RUN_BYTES)) {
        return COF_FAIL(err, USAGE, "--run is the 32 hex digits of a run");
    }
    if (last != NULL) {
        const size_t size = strlen(last);
        q->last = size > 0 && size <= 3 && strspn(last, "0123456789") == size
                      ? (int)strtol(last, NULL, 10)
                      : 0;
        if (q->last < 1 || q->last > LAST_MAX) {
            return COF_FAIL(err, USAGE, "--last is a number from 1 to %d", LAST_MAX);
        }
    }
    return COF_OK;
}

/* Refusals of access come by the role that was missing. */
static cof_status ask(const cof_services *services, const question *q, const char *action,
                      const char *decision, int max, json_t **out, cof_err *err)
{
    char path[512];
    char url[COF_VAULT_URL_MAX];
    (void)snprintf(path, sizeof path, "/decisions?key=%s&action=%s%s%s%s%s&max=%d", q->key, action,
                   decision != NULL ? "&decision=" : "", decision != NULL ? decision : "",
                   q->run != NULL ? "&run=" : "", q->run != NULL ? q->run : "", max);
    COF_TRY(cof_vault_url(url, err, q->base, path));
    const cof_vault_call call = {.method = "GET", .url = url, .what = q->key};
    return cof_vault_exchange(&services->vault, &call, out, err);
}

static void value_text(const json_t *value, char out[static VALUE_BYTES])
{
    if (json_is_string(value)) {
        (void)snprintf(out, VALUE_BYTES, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        (void)snprintf(out, VALUE_BYTES, "%s", json_is_true(value) ? "true" : "false");
    } else if (json_is_integer(value)) {
        (void)snprintf(out, VALUE_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)snprintf(out, VALUE_BYTES, "%g", json_real_value(value));
    } else {
        (void)snprintf(out, VALUE_BYTES, "nothing");
    }
    /* What an enclave says of itself is shown on a terminal. */
    for (size_t i = 0; out[i] != '\0'; i++) {
        out[i] = out[i] >= ' ' && out[i] != 0x7f ? out[i] : '?';
    }
}

static void show_check(const cof_app *app, const json_t *check)
{
    const char *claim = json_string_value(json_object_get(check, "claim"));
    const bool is_met = json_is_true(json_object_get(check, "met"));
    char expected[VALUE_BYTES];
    char found[VALUE_BYTES];
    value_text(json_object_get(check, "expected"), expected);
    value_text(json_object_get(check, "found"), found);
    if (is_met) {
        cof_output_step(app->output, true, claim != NULL ? claim : "?", "%s", found);
    } else {
        cof_output_step(app->output, false, claim != NULL ? claim : "?",
                        "expected %s\n    found    %s", expected, found);
    }
}

static const char *text_of(const json_t *record, const char *name)
{
    const char *text = json_string_value(json_object_get(record, name));
    return text != NULL ? text : "";
}

static void show_head(const cof_app *app, const json_t *record)
{
    char when[32] = "?";
    struct tm parts;
    const time_t at = (time_t)json_integer_value(json_object_get(record, "time"));
    const bool is_release = strcmp(text_of(record, "decision"), "released") == 0;
    if (gmtime_r(&at, &parts) != NULL) {
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    cof_output_line(app->output, is_release ? COF_TONE_GOOD : COF_TONE_BAD,
                    "%s  %s %s%s%s  to %s  run %.8s", when, text_of(record, "decision"),
                    text_of(record, "key"), is_release ? "" : ": ", text_of(record, "why"),
                    text_of(record, "who"), text_of(record, "run"));
}

static cof_status show_record(const cof_app *app, const json_t *record, cof_err *err)
{
    size_t i = 0;
    json_t *check = NULL;
    show_head(app, record);
    if (strcmp(text_of(record, "decision"), "refused") != 0) {
        cof_output_json(app->output, record);
        return COF_OK;
    }
    json_array_foreach(json_object_get(record, "checks"), i, check)
    {
        show_check(app, check);
    }
    if (text_of(record, "detail")[0] != '\0') {
        cof_output_line(app->output, COF_TONE_DIM, "  %s", text_of(record, "detail"));
    }
    const cof_advice advice = cof_explain_advice(record);
    cof_output_line(app->output, COF_TONE_PLAIN, "  %s\n  %s", advice.why, advice.next);
    COF_JSON json_t *shown = json_deep_copy((json_t *)(uintptr_t)record);
    COF_TRY(cof_json_set(shown, "explanation", json_string(advice.why), err));
    COF_TRY(cof_json_set(shown, "remedy", json_string(advice.next), err));
    cof_output_json(app->output, shown);
    return COF_OK;
}

static cof_status show_all(const cof_app *app, const question *q, const json_t *records,
                           cof_err *err)
{
    size_t i = 0;
    json_t *record = NULL;
    json_array_foreach((json_t *)(uintptr_t)records, i, record)
    {
        COF_TRY(show_record(app, record, err));
    }
    if (i == 0) {
        cof_output_line(app->output, COF_TONE_PLAIN,
                        q->last == 0 ? "No release of %s was refused%s."
                                     : "No release of %s was asked for%s.",
                        q->key, q->run != NULL ? " for this run" : "");
    }
    return COF_OK;
}

static cof_status explain(const cof_app *app, const cof_services *services, const question *q,
                          cof_err *err)
{
    COF_JSON json_t *answer = NULL;
    COF_JSON json_t *other = NULL;
    const bool is_last_refusal = q->last == 0;
    const cof_status status = ask(services, q, "release", is_last_refusal ? "refused" : NULL,
                                  is_last_refusal ? 1 : q->last, &answer, err);
    if (status == COF_E_NOT_FOUND || status == COF_E_BAD_ARGUMENT) {
        return COF_FAIL(err, UNSUPPORTED,
                        "this vault does not show its decisions; Azure Key Vault writes them to "
                        "its diagnostic logs (category AuditEvent, operation KeyRelease)");
    }
    COF_TRY(status);
    const json_t *records = json_object_get(answer, "value");
    if (is_last_refusal && json_array_size(records) == 0 && q->run == NULL) {
        COF_TRY(ask(services, q, "keys/release", "refused", 1, &other, err));
        records = json_object_get(other, "value");
    }
    return show_all(app, q, records, err);
}

COF_COMMAND(key_explain)
{
    const char *operand = cof_args_operand(args, 0);
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    question q = {.last = 0};
    COF_TRY(take_options(args, &q, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(take_key(app->home, operand != NULL ? operand : "me", services, &q, err));
    return explain(app, services, &q, err);
}
