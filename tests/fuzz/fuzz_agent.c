/* What the agent parses of others' bytes: byte 0 says which parser. */
#include <stdlib.h>

#include "host/agent/config.h"
#include "host/agent/services.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_evidence(cof_view bytes)
{
    cof_agent_evidence evidence;
    if (cof_agent_evidence_parse(bytes, &evidence, NULL) == COF_OK && evidence.evidence.size == 0) {
        abort();
    }
}

static void parse_release(cof_view bytes)
{
    uint8_t algorithm = 0;
    cof_buf wrapped = {.limit = COF_LIMIT_RELEASE_BYTES};
    (void)!cof_agent_release_parse(bytes, &algorithm, &wrapped, NULL);
    cof_buf_free(&wrapped);
}

static void parse_challenge(cof_view bytes)
{
    cof_buf text = {.limit = 70000};
    cof_buf scope = {.limit = 2048};
    const char *challenge = NULL;
    if (cof_buf_append(&text, bytes, NULL) == COF_OK &&
        cof_buf_text(&text, &challenge, NULL) == COF_OK) {
        (void)!cof_agent_challenge_scope(challenge, "https://vault.example/keys/a/b", &scope, NULL);
    }
    cof_buf_free(&scope);
    cof_buf_free(&text);
}

static void parse_config(cof_view bytes)
{
    cof_agent_config config = {0};
    if (cof_agent_config_parse(bytes, &config, NULL) == COF_OK &&
        (config.store_path == NULL || config.kernel > 3)) {
        abort();
    }
    cof_agent_config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parsers[])(cof_view) = {parse_evidence, parse_release, parse_challenge,
                                                parse_config};
    if (size > 0) {
        parsers[data[0] % 4](cof_view_of(data + 1, size - 1));
    }
    return 0;
}
