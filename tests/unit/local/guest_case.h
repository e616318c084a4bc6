/* AttestationInfo of a rigged Azure VM whose ephemeral key has the policy that Azure's clients give
 * it, or another one. */
#ifndef COF_TEST_GUEST_CASE_H
#define COF_TEST_GUEST_CASE_H

#include "rig/azure_rig.h"

/** Changes to the key. Zeroed: none. */
typedef struct guest_case_options {
    azure_rig_options rig; /* has_encryption_key is set, and Azure's PCRs when it has none */
    bool has_no_key;
    bool is_open;          /* the key is of use with its password too */
    bool is_policy_broken; /* a bit of the policy is flipped */
    bool is_other_state;   /* a policy over other values of the registers */
    const char *os_distro; /* instead of "Ubuntu"; the text before base64 */
} guest_case_options;

/** PCRs 0 to 7, which Azure's clients quote on Linux. */
enum { GUEST_CASE_PCRS = 0xff };

/** Appends the JSON. */
COF_MUST_USE cof_status guest_case_info(const azure_rig *rig, const guest_case_options *options,
                                        cof_buf *out, cof_err *err);

/** Opens a sealed answer with the ephemeral key's private half. Appends the token. */
COF_MUST_USE cof_status guest_case_open(const azure_rig *rig, cof_view sealed, cof_buf *out,
                                        cof_err *err);

#endif
