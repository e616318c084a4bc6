/*
 * Trust anchors: the root keys that stand behind evidence. Whoever verifies says which ones it
 * trusts; the roots that evidence or collateral bring along are never believed.
 */
#ifndef COF_VERIFY_TRUST_H
#define COF_VERIFY_TRUST_H

#include "tcb/crypto/digest.h"

/** Who stands behind a root. The family fixes the names that the certificates must carry. */
typedef enum cof_root_family {
    COF_ROOT_NONE,
    COF_ROOT_INTEL,     /* "Intel SGX Root CA" */
    COF_ROOT_SIMULATED, /* "SIMULATED Root CA": an installation's own; protects nothing */
    COF_ROOT_AMD_MILAN, /* "ARK-Milan" */
    COF_ROOT_AMD_GENOA, /* "ARK-Genoa" */
    COF_ROOT_AMD_TURIN  /* "ARK-Turin" */
} cof_root_family;

/** A root that the caller trusts: the SHA-256 of its SubjectPublicKeyInfo (DER), and its family. */
typedef struct cof_root_pin {
    cof_root_family family;
    cof_digest spki;
} cof_root_pin;

/** Intel's SGX root key. Both of Intel's root certificates (2033 and 2049) carry it. */
extern const cof_root_pin cof_root_intel;

/** AMD's root keys (ARK), one for each line of processors: Milan, Genoa, Turin. */
extern const cof_root_pin cof_roots_amd[3];

/** Which of the pins has this public key; NULL when none has. */
const cof_root_pin *cof_root_find(const cof_root_pin *roots, size_t root_count,
                                  const cof_digest *spki);

#endif
