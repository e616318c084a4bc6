#include <string.h>

#include "relying/maa/parser.h"

cof_status cof_maa_step(cof_maa_parser *parser)
{
    return cof_maa_lexer_next(&parser->lexer, &parser->token, parser->err);
}

cof_status cof_maa_unexpected(cof_maa_parser *parser, const char *what)
{
    char found[COF_MAA_SHOWN_BYTES];
    return cof_maa_syntax(parser->lexer.out_place, parser->token.place, parser->err,
                          "expected %s, found %s", what, cof_maa_token_show(&parser->token, found));
}

cof_status cof_maa_expect(cof_maa_parser *parser, const char *text)
{
    if (!cof_maa_token_is(&parser->token, text)) {
        char what[COF_MAA_SHOWN_BYTES];
        const cof_maa_token wanted = {.kind = COF_MAA_TOKEN_MARK, .text = cof_view_text(text)};
        return cof_maa_unexpected(parser, cof_maa_token_show(&wanted, what));
    }
    return cof_maa_step(parser);
}

cof_status cof_maa_parse_string(cof_maa_parser *parser, const char *what, const char **out)
{
    if (parser->token.kind != COF_MAA_TOKEN_STRING) {
        return cof_maa_unexpected(parser, what);
    }
    void *text = NULL;
    COF_TRY(cof_maa_take(parser->policy, parser->token.text.size, &text, parser->err));
    cof_maa_token_unquote(&parser->token, text);
    *out = text;
    return cof_maa_step(parser);
}

cof_status cof_maa_parse_identifier(cof_maa_parser *parser, const char **out)
{
    const cof_view text = parser->token.text;
    if (parser->token.kind != COF_MAA_TOKEN_NAME || cof_maa_token_is(&parser->token, "true") ||
        cof_maa_token_is(&parser->token, "false")) {
        return cof_maa_unexpected(parser, "an identifier");
    }
    if (text.size >= COF_MAA_NAME_BYTES) {
        return COF_FAIL(parser->err, LIMIT, "an identifier of %zu bytes, at most %d", text.size,
                        COF_MAA_NAME_BYTES - 1);
    }
    void *name = NULL;
    COF_TRY(cof_maa_take(parser->policy, text.size + 1, &name, parser->err));
    memcpy(name, text.data, text.size);
    *out = name;
    return cof_maa_step(parser);
}

static cof_status parse_version(cof_maa_parser *parser)
{
    COF_TRY(cof_maa_expect(parser, "version"));
    COF_TRY(cof_maa_expect(parser, "="));
    const cof_view text = parser->token.text;
    if (parser->token.kind != COF_MAA_TOKEN_NUMBER || text.size != 3 ||
        memcmp(text.data, "1.", 2) != 0 || text.data[2] > '2') {
        return cof_maa_unexpected(parser, "version 1.0, 1.1 or 1.2");
    }
    parser->policy->minor = text.data[2] - '0';
    COF_TRY(cof_maa_step(parser));
    return cof_maa_expect(parser, ";");
}

/* Which section starts here, and may it? */
static cof_status open_section(cof_maa_parser *parser)
{
    for (int i = 0; i < COF_MAA_SECTIONS; i++) {
        const char *name = cof_maa_section_name((cof_maa_section)i);
        cof_maa_block *block = &parser->policy->blocks[i];
        if (!cof_maa_token_is(&parser->token, name)) {
            continue;
        }
        if (block->is_present) {
            return cof_maa_syntax(parser->lexer.out_place, parser->token.place, parser->err,
                                  "%s stands twice", name);
        }
        if (i == COF_MAA_CONFIGURATION && parser->policy->minor == 0) {
            return cof_maa_syntax(parser->lexer.out_place, parser->token.place, parser->err,
                                  "configurationrules need version 1.1 or 1.2");
        }
        parser->section = (cof_maa_section)i;
        block->is_present = true;
        block->place = parser->token.place;
        return cof_maa_step(parser);
    }
    return cof_maa_unexpected(parser, "configurationrules, authorizationrules or issuancerules");
}

static cof_status parse_section(cof_maa_parser *parser)
{
    COF_TRY(open_section(parser));
    COF_TRY(cof_maa_expect(parser, "{"));
    cof_maa_block *block = &parser->policy->blocks[parser->section];
    cof_maa_rule **last = &block->first;
    while (!cof_maa_token_is(&parser->token, "}")) {
        if (parser->rule_count == COF_MAA_RULES_MAX) {
            return COF_FAIL(parser->err, LIMIT, "a policy has at most %d rules", COF_MAA_RULES_MAX);
        }
        COF_TRY(cof_maa_parse_rule(parser, last));
        last = &(*last)->next;
        block->rule_count++;
        parser->rule_count++;
    }
    COF_TRY(cof_maa_step(parser));
    return cof_maa_expect(parser, ";");
}

cof_status cof_maa_parse(cof_view text, cof_maa_policy **out, cof_maa_place *out_place,
                         cof_err *err)
{
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation policy");
    }
    cof_maa_parser parser = {.policy = policy, .err = err};
    COF_TRY(cof_maa_lexer_init(&parser.lexer, text, out_place, err));
    COF_TRY(cof_maa_step(&parser));
    COF_TRY(parse_version(&parser));
    while (parser.token.kind != COF_MAA_TOKEN_END) {
        COF_TRY(parse_section(&parser));
    }
    *out = cof_maa_policy_take(&policy);
    return COF_OK;
}
