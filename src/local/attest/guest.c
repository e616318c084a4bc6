#include "local/attest/guest.h"

#include <string.h>

#include "relying/verify/azure/tpm_attest.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { POLICY_MAX = 64, SELECT_SIZE = 3 };

#define TPM_CC_POLICY_PCR   UINT32_C(0x0000017f) /* TPM 2.0, part 2, 6.5.2 */
#define TPMA_USER_WITH_AUTH (UINT32_C(1) << 6)   /* part 2, 8.3 */

void cof_guest_free(cof_guest *guest)
{
    cof_azure_evidence_free(&guest->evidence);
    json_decref(guest->info);
    json_decref(guest->hardware_runtime);
    json_decref(guest->encryption_key);
    *guest = (cof_guest){0};
}

/* A name of the operating system, in base64 of a short text. What is not there gets no claim. */
static cof_status read_text(const json_t *info, const char *key, char *place,
                            const char **out_claim, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_GUEST_TEXT_SIZE - 1};
    const char *text = NULL;
    if (json_object_get(info, key) == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get_text(info, key, (size_t)2 * COF_GUEST_TEXT_SIZE, &text, err));
    COF_TRY(cof_base64_decode(cof_view_text(text), &bytes, err));
    const cof_view view = cof_buf_view(&bytes);
    if (!cof_utf8_is_valid(view) || (view.size > 0 && memchr(view.data, 0, view.size) != NULL)) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not a text", key);
    }
    if (view.size > 0) {
        memcpy(place, view.data, view.size);
    }
    place[view.size] = '\0';
    *out_claim = place;
    return COF_OK;
}

static cof_status read_number(const json_t *info, const char *key, int64_t *out, cof_err *err)
{
    return json_object_get(info, key) == NULL ? COF_OK
                                              : cof_json_get_int(info, key, 0, INT32_MAX, out, err);
}

/* The claims that the hardware hashes; those of an HCL report, when one came instead. */
static cof_status read_hardware_runtime(cof_guest *guest, cof_err *err)
{
    cof_view text = cof_buf_view(&guest->evidence.claims);
    cof_hcl_report hcl = {0};
    if (guest->evidence.hcl_report.size > 0) {
        COF_TRY(cof_hcl_report_parse(cof_buf_view(&guest->evidence.hcl_report), &hcl, err));
        text = hcl.claims;
    }
    COF_TRY(cof_json_parse(text, COF_LIMIT_RUNTIME_BYTES, &guest->hardware_runtime, err));
    if (!json_is_object(guest->hardware_runtime)) {
        return COF_FAIL(err, BAD_FORMAT, "RunTimeData is not a JSON object");
    }
    guest->claims.hardware_runtime = guest->hardware_runtime;
    return COF_OK;
}

cof_status cof_guest_read(cof_view info, cof_guest *guest, cof_err *err)
{
    cof_guest_claims *claims = &guest->claims;
    COF_TRY(cof_azure_attestation_info_parse(info, &guest->evidence, err));
    COF_TRY(cof_json_parse(info, COF_AZURE_ATTESTATION_INFO_MAX, &guest->info, err));
    if (!json_is_object(guest->info)) {
        return COF_FAIL(err, BAD_FORMAT, "AttestationInfo is not a JSON object");
    }
    COF_TRY(read_text(guest->info, "OSType", guest->os_type, &claims->os_type, err));
    COF_TRY(read_text(guest->info, "OSDistro", guest->os_distro, &claims->os_distro, err));
    COF_TRY(read_text(guest->info, "OSBuild", guest->os_build, &claims->os_build, err));
    COF_TRY(read_number(guest->info, "OSVersionMajor", &claims->os_major, err));
    COF_TRY(read_number(guest->info, "OSVersionMinor", &claims->os_minor, err));
    const json_t *payload = json_object_get(guest->info, "ClientPayload");
    claims->client_payload = json_is_object(payload) ? payload : NULL;
    return read_hardware_runtime(guest, err);
}

/* PolicyPCR (TPM 2.0, part 3, 23.7): SHA-256(zeros || command || selection || digest of the
 * values), for a policy that says nothing else. */
static cof_status make_policy(const cof_tpm_quote *quote, cof_digest *out, cof_err *err)
{
    const uint32_t mask = quote->pcr_mask;
    const uint8_t head[] = {0,
                            0,
                            (uint8_t)(TPM_CC_POLICY_PCR >> 8),
                            (uint8_t)TPM_CC_POLICY_PCR,
                            0,
                            0,
                            0,
                            1,
                            0,
                            COF_TPM_ALG_SHA256,
                            SELECT_SIZE,
                            (uint8_t)mask,
                            (uint8_t)(mask >> 8),
                            (uint8_t)(mask >> 16)};
    uint8_t bytes[COF_DIGEST_SIZE + sizeof head + COF_DIGEST_SIZE] = {0};
    memcpy(bytes + COF_DIGEST_SIZE, head, sizeof head);
    memcpy(bytes + COF_DIGEST_SIZE + sizeof head, quote->pcr_digest.bytes, COF_DIGEST_SIZE);
    return cof_digest_of(cof_view_of(bytes, sizeof bytes), out, err);
}

/* The key's policy and whether it can be gone around with the key's password; from a TPMT_PUBLIC
 * that the verification has read. */
static cof_status read_policy(cof_view key, cof_view *out_policy, bool *out_is_open, cof_err *err)
{
    cof_reader reader = cof_reader_of(key);
    uint32_t attributes = 0;
    uint32_t algorithms = 0; /* type, name algorithm */
    COF_TRY(cof_read_u32be(&reader, &algorithms, err));
    COF_TRY(cof_read_u32be(&reader, &attributes, err));
    COF_TRY(cof_tpm_read_sized(&reader, POLICY_MAX, out_policy, err));
    *out_is_open = (attributes & TPMA_USER_WITH_AUTH) != 0;
    return COF_OK;
}

static cof_status make_jwk(cof_guest *guest, const cof_facts *facts, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf n = {.limit = (size_t)2 * COF_RSA_2048_SIZE};
    const cof_view modulus = cof_view_of(facts->azure.encryption_modulus, COF_RSA_2048_SIZE);
    COF_TRY(cof_base64url_encode(modulus, &n, err));
    guest->encryption_key =
        json_pack("{s:s,s:s,s:[s],s:s,s:s%}", "kid", "TpmEphemeralEncryptionKey", "kty", "RSA",
                  "key_ops", "encrypt", "e", "AQAB", "n", n.data, n.size);
    if (guest->encryption_key == NULL) {
        return COF_FAIL(err, NO_MEMORY, "encryption key");
    }
    guest->claims.encryption_key = guest->encryption_key;
    return COF_OK;
}

cof_status cof_guest_check_key(cof_guest *guest, const cof_facts *facts, cof_checks *checks,
                               cof_err *err)
{
    cof_digest expected;
    cof_view policy = {0};
    bool is_open = true;
    char expected_text[2 * COF_DIGEST_SIZE + 1];
    char actual_text[2 * POLICY_MAX + 1];
    cof_checks_from(checks, "encryption key");
    if (!cof_check_add(checks, "encryption_key", facts->azure.has_encryption_key, "certified", "%s",
                       facts->azure.has_encryption_key ? "certified" : "absent")) {
        return COF_FAIL(err, EVIDENCE_BINDING, "there is no key to seal the answer to");
    }
    COF_TRY(make_policy(&facts->azure.quote, &expected, err));
    COF_TRY(read_policy(cof_buf_view(&guest->evidence.encryption_key), &policy, &is_open, err));
    cof_digest_text(&expected, expected_text);
    cof_hex_text(policy, actual_text);
    const bool is_bound = !is_open && policy.size == COF_DIGEST_SIZE &&
                          memcmp(policy.data, expected.bytes, COF_DIGEST_SIZE) == 0;
    if (!cof_check_add(checks, "encryption_key.policy", is_bound, expected_text, "%s%s",
                       actual_text, is_open ? ", or a password" : "")) {
        return COF_FAIL(err, EVIDENCE_BINDING,
                        "the key is of use in another state than the quoted one");
    }
    return make_jwk(guest, facts, err);
}
