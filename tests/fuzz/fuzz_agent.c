/* What the agent parses of others' bytes: byte 0 says which parser. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/agent/config.h"
#include "host/agent/hardware.h"
#include "host/azure/challenge.h"
#include "host/azure/vault.h"
#include "tcb/base/limits.h"

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
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA1;
    cof_buf wrapped = {.limit = COF_LIMIT_RELEASE_BYTES};
    (void)!cof_vault_release_parse(bytes, &wrap, &wrapped, NULL);
    cof_buf_free(&wrapped);
}

static void parse_challenge(cof_view bytes)
{
    cof_buf text = {.limit = 70000};
    cof_buf scope = {.limit = 2048};
    const char *challenge = NULL;
    if (cof_buf_append(&text, bytes, NULL) == COF_OK &&
        cof_buf_text(&text, &challenge, NULL) == COF_OK) {
        static const char issuer[] = "https://login.example";
        if (cof_challenge_scope(challenge, "https://vault.example/keys/a/b", issuer, &scope,
                                NULL) == COF_OK &&
            (scope.size < 21 ||
             strncasecmp((const char *)scope.data, "https://vault.example", 21) != 0)) {
            abort(); /* a token for somebody else */
        }
    }
    cof_buf_free(&scope);
    cof_buf_free(&text);
}

static void parse_config(cof_view bytes)
{
    cof_agent_config config = {0};
    if (cof_agent_config_parse(bytes, &config, NULL) == COF_OK &&
        (config.store.where == NULL || config.kernel > 3 || config.attestation_count == 0 ||
         config.vault_count == 0 || config.vaults[0].credential_path == NULL)) {
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
