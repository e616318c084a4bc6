/*
 * What an owner accepts of one kind of platform: a member of a contract's platform.accept.
 * docs/formats/contract.md has its members. Debuggable platforms and revoked TCBs are never
 * accepted, so there is nothing to say about them here.
 */
#ifndef COF_POLICY_ACCEPT_H
#define COF_POLICY_ACCEPT_H

#include "relying/verify/facts.h"

enum {
    COF_ACCEPT_MEASUREMENTS = 16,
    COF_ACCEPT_MEASUREMENT_SIZE = 48, /* the largest: MRTD, SNP launch measurement */
    COF_ACCEPT_ID_KEYS = 4
};

/** How much of a platform's rating (Intel) is accepted. */
typedef struct cof_tcb_policy {
    unsigned statuses;           /* bit 1 << cof_tcb_status; never COF_TCB_REVOKED */
    bool any_advisory;           /* whatever the vendor says is open */
    cof_advisories advisories;   /* else only these may be open, when the status is not UpToDate */
    uint32_t minimum_evaluation; /* tcbEvaluationDataNumber */
} cof_tcb_policy;

/** UpToDate only. What a policy says when it says nothing. */
extern const cof_tcb_policy cof_tcb_up_to_date;

/**
 * What Azure's SGX and TDX machines need: UpToDate and SWHardeningNeeded, the latter with the
 * advisories whose mitigation is in the enclave's own software and compiler (INTEL-SA-00334, load
 * value injection; INTEL-SA-00615, stale data of memory-mapped I/O): DCsv3 is rated so for ever,
 * whatever its microcode.
 */
extern const cof_tcb_policy cof_tcb_azure;

typedef struct cof_accept {
    cof_tee tee;
    cof_digest root; /* simulated: SHA-256 of the root's SubjectPublicKeyInfo */

    /* SGX, simulated: MRENCLAVE (32 bytes). TDX: MRTD. SEV-SNP: launch measurement. azure-cvm: that
     * of the paravisor, which is one of the latter two (48 bytes). */
    size_t measurement_count;
    uint8_t measurements[COF_ACCEPT_MEASUREMENTS][COF_ACCEPT_MEASUREMENT_SIZE];

    bool has_signer; /* SGX: instead of measurements */
    uint8_t signer[32];
    uint16_t product;
    uint16_t minimum_svn;

    unsigned rtmr_mask; /* TDX: bit i: rtmrs[i] is demanded */
    uint8_t rtmrs[4][48];

    bool has_host_data; /* SEV-SNP */
    uint8_t host_data[32];
    size_t id_key_count;
    uint8_t id_keys[COF_ACCEPT_ID_KEYS][48];
    bool has_minimum_tcb;
    cof_snp_tcb minimum_tcb; /* of the reported TCB */

    cof_pcrs pcrs;       /* azure-cvm: those in the mask are demanded */
    bool allows_console; /* azure-cvm: the VM's serial console may be on */

    cof_tcb_policy tcb; /* SGX, TDX, azure-cvm */
} cof_accept;

/** Bytes of a measurement of this kind. */
size_t cof_accept_measurement_size(cof_tee tee);

/** Is this one of the measurements? size: as above. */
bool cof_accept_has_measurement(const cof_accept *accept, const uint8_t *measurement, size_t size);

/**
 * Reads a member of platform.accept: its type's members and no others, each value once.
 * @return COF_OK, COF_E_BAD_FORMAT (the detail names the member).
 */
COF_MUST_USE cof_status cof_accept_parse(const json_t *item, cof_accept *out, cof_err *err);

/** Writes it in the one form that cof_accept_parse reads back the same; the caller owns it.
 * @return COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_accept_print(const cof_accept *accept, json_t **out, cof_err *err);

/** Both, for the tcb member alone. */
COF_MUST_USE cof_status cof_tcb_policy_parse(const json_t *item, cof_tcb_policy *out, cof_err *err);
COF_MUST_USE cof_status cof_tcb_policy_print(const cof_tcb_policy *policy, json_t **out,
                                             cof_err *err);
bool cof_tcb_policy_equal(const cof_tcb_policy *a, const cof_tcb_policy *b);

#endif
