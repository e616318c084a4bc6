#include <string.h>

#include "apps/coffer/explain_advice.h"

static const struct {
    const char *code;
    cof_advice advice;
} by_code[] = {
    {"ContractExpired",
     {"The contract has expired: its keys are released no more.",
      "Make a contract with a later expiry, and have every owner consent to it."}},
    {"RunsExhausted",
     {"All runs that the contract allows have had the key.",
      "Resume one of its runs, or make a contract that allows more, and have every owner "
      "consent."}},
    {"ContractInvalid",
     {"The enclave did not name a contract and a run as this key's limits need it.",
      "Start the job with coffer run, and a worker of this version."}},
    {"KeyDisabled", {"The key is disabled.", "Enable it, if it was not disabled on purpose."}},
    {"KeyExpired",
     {"The key is expired or not valid yet.", "Change the key's exp or nbf, or use another key."}},
    {"KeyNotExportable",
     {"The key was made never to leave the vault.",
      "Use a data key (coffer key create makes one)."}},
    {"AttestationExpired",
     {"The attestation token was too old.",
      "Run again; compare the clocks of this machine and of the vault when it happens again."}},
    {"AttestationInvalid",
     {"The attestation token could not be verified with the keys that the vault has.",
      "See the detail. For another attestation service, give the vault its keys: coffer key "
      "authority add."}},
    {"NoEncryptionKey",
     {"The evidence vouches for no RSA key to encrypt to.",
      "Nothing was released. Use a worker of this version; its evidence carries such a key."}},
    {"ForbiddenByRbac",
     {"The caller has no right to have keys released.",
      "Give it one: coffer access grant, with the role \"Key Vault Crypto Service Release "
      "User\"."}},
};

static const cof_advice of_measurement = {
    "Another program was measured than the one that was consented to: another build or version of "
    "the worker.",
    "If you mean the new one, name it in the job and consent again; if not, find out who changed "
    "the worker."};
static const cof_advice of_contract = {
    "The enclave works on another contract than the one that was consented to.",
    "Consent to this contract if you agree with it: coffer contract explain, coffer contract "
    "consent."};
static const cof_advice of_no_consent = {
    "Nobody has consented to a contract for this key yet, or every consent was taken back.",
    "Consent to the contract if you agree with it: coffer contract explain, coffer contract "
    "consent."};
static const cof_advice of_debug = {
    "The enclave is debuggable: whoever runs it can read its memory.",
    "Run a production build of the worker."};
static const cof_advice of_authority = {
    "The evidence was judged by another attestation service than the policy names.",
    "Use the service that the policy names, or consent to a contract that names this one."};
static const cof_advice of_claim = {
    "The environment does not have what the policy asks for.",
    "Compare what was expected with what was found, and change the environment; or consent to a "
    "contract whose policy accepts it."};
static const cof_advice of_unknown = {"The vault does not say more.",
                                      "See its record of decisions."};

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    const size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

bool cof_explain_is_measurement(const char *claim)
{
    static const char *const ends[] = {"-mrenclave", "-mrsigner", "launchmeasurement",
                                       "_mrtd",      "-svn",      "-product-id"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends_with(claim, ends[i])) {
            return true;
        }
    }
    return strstr(claim, "_rtmr") != NULL;
}

static cof_advice advice_of_check(const char *claim, const char *expected)
{
    if (strcmp(claim, "authority") == 0) {
        return of_authority;
    }
    if (ends_with(claim, "runtime.contract")) {
        return expected != NULL && strcmp(expected, "none") == 0 ? of_no_consent : of_contract;
    }
    if (ends_with(claim, "is-debuggable") || ends_with(claim, "_debug")) {
        return of_debug;
    }
    return cof_explain_is_measurement(claim) ? of_measurement : of_claim;
}

/* Which of the checks that failed says most: what all others follow from comes first. */
static int weight_of(const char *claim, const char *expected)
{
    const cof_advice advice = advice_of_check(claim, expected);
    const char *const order[] = {of_claim.why, of_contract.why, of_measurement.why, of_debug.why,
                                 of_no_consent.why};
    for (int i = 0; i < 5; i++) {
        if (advice.why == order[i]) {
            return i + 1;
        }
    }
    return 0;
}

static cof_advice advice_of_policy(const json_t *checks)
{
    cof_advice best = of_unknown;
    int best_weight = -1;
    size_t i = 0;
    json_t *check = NULL;
    json_array_foreach((json_t *)checks, i, check)
    {
        const char *claim = json_string_value(json_object_get(check, "claim"));
        const char *expected = json_string_value(json_object_get(check, "expected"));
        if (claim == NULL || json_is_true(json_object_get(check, "met"))) {
            continue;
        }
        const int weight = weight_of(claim, expected);
        if (weight > best_weight) {
            best = advice_of_check(claim, expected);
            best_weight = weight;
        }
    }
    return best;
}

cof_advice cof_explain_advice(const json_t *record)
{
    const char *why = json_string_value(json_object_get(record, "why"));
    if (why != NULL && strcmp(why, "ReleasePolicyNotMet") == 0) {
        return advice_of_policy(json_object_get(record, "checks"));
    }
    for (size_t i = 0; why != NULL && i < sizeof by_code / sizeof by_code[0]; i++) {
        if (strcmp(why, by_code[i].code) == 0) {
            return by_code[i].advice;
        }
    }
    return of_unknown;
}
