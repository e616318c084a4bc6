/* The first byte chooses what a caller of the attestation service sends: evidence of a kind, an
 * administrator's JWS, or an AttestationInfo. All are refused or read without a fault; without a
 * trusted root nothing is genuine. */
#include <stdlib.h>

#include "local/attest/judge.h"
#include "local/attest/order.h"
#include "local/attest/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_evidence(cof_attest_kind kind, cof_view text)
{
    COF_CLEANUP(cof_submission_free) cof_submission s = {0};
    COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
    const cof_attest_trust trust = {.now_unix_s = 1800000000};
    cof_facts facts;
    cof_checks checks = {0};
    cof_err err = {0};
    if (cof_submission_read(kind, text, &s, &err) != COF_OK) {
        return;
    }
    if (cof_attest_judge(&trust, kind, &s, &guest, &facts, &checks, &err) == COF_OK) {
        abort();
    }
}

static void try_order(cof_view text)
{
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    cof_err err = {0};
    if (cof_order_parse(text, COF_ORDER_ANY_TIME, &order, &err) == COF_OK &&
        cof_attest_policy_of_order(text, &order, &policy, &err) == COF_OK &&
        (policy.rules == NULL || policy.jws == NULL ||
         (policy.signer != NULL) != (order.signer != NULL))) {
        abort();
    }
}

static void try_guest(cof_view text)
{
    COF_CLEANUP(cof_guest_free) cof_guest guest = {0};
    cof_err err = {0};
    if (cof_guest_read(text, &guest, &err) == COF_OK && !json_is_object(guest.hardware_runtime)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const cof_view text = cof_view_of(data + 1, size - 1);
    const unsigned choice = (unsigned)(data[0] - '0');
    if (choice < COF_ATTEST_KINDS) {
        try_evidence((cof_attest_kind)choice, text);
    } else if (choice == COF_ATTEST_KINDS) {
        try_order(text);
    } else {
        try_guest(text);
    }
    return 0;
}
