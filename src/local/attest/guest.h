/*
 * What an Azure VM's guest attestation client sends beside its evidence, and the form of the answer
 * that only its vTPM can open.
 */
#ifndef COF_LOCAL_ATTEST_GUEST_H
#define COF_LOCAL_ATTEST_GUEST_H

#include "local/attest/claims.h"
#include "relying/verify/azure/azure_cvm.h"

enum { COF_GUEST_TEXT_SIZE = 128 };

/** An AttestationInfo taken apart. Zeroed is empty; free with cof_guest_free. */
typedef struct cof_guest {
    cof_azure_evidence evidence;
    json_t *info;
    json_t *hardware_runtime;
    json_t *encryption_key;
    char os_type[COF_GUEST_TEXT_SIZE], os_distro[COF_GUEST_TEXT_SIZE],
        os_build[COF_GUEST_TEXT_SIZE];
    cof_guest_claims claims; /* points into the above; encryption_key after cof_guest_check_key */
} cof_guest;

/**
 * Reads it; nothing is verified.
 *
 * @param guest  zeroed; must stay where it is; freed by the caller, also after a failure
 * @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_guest_read(cof_view info, cof_guest *guest, cof_err *err);

/**
 * Is the key that the answer is to be sealed to the vTPM's, and of use only in the state that was
 * quoted? The key's certification was verified with the evidence; here its policy must be
 * TPM2_PolicyPCR over the quoted registers, and its use must need it.
 *
 * @param facts  of the verified evidence
 * @return COF_OK, COF_E_EVIDENCE_BINDING, COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_guest_check_key(cof_guest *guest, const cof_facts *facts,
                                            cof_checks *checks, cof_err *err);

/**
 * Seals a token to the key: base64url of
 * {"EncryptedInnerKey","EncryptionParams","AuthenticationData", "Jwt"}; AES-256-GCM under a fresh
 * key, which is encrypted by RSAES-PKCS1-v1_5. Appends it.
 * @return COF_OK, COF_E_CRYPTO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_guest_seal(const json_t *encryption_key, cof_view token, cof_buf *out,
                                       cof_err *err);

void cof_guest_free(cof_guest *guest);

#endif
