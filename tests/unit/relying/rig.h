/* A simulated platform in memory, with every part of its chain and quotes open to tests. */
#ifndef TEST_RELYING_RIG_H
#define TEST_RELYING_RIG_H

#include <openssl/x509.h>

#include "local/platform/pki.h"
#include "local/platform/quote_writer.h"
#include "relying/verify/evidence.h"

enum { RIG_NOW = 1798761600 }; /* 2027-01-01 */

/** Changes to what a good platform would be. Zeroed: none. */
typedef struct rig_options {
    const char *names[3];  /* leaf, CA, root; NULL: the right one */
    int64_t not_before[3]; /* 0: RIG_NOW - 1 day */
    int64_t not_after[3];  /* 0: RIG_NOW + 1 day */
    cof_pki_role roles[3]; /* used when is_role_set */
    bool is_role_set;
    uint64_t flags;    /* 0: INIT | MODE64 */
    uint64_t qe_flags; /* 0: INIT | MODE64 */
} rig_options;

typedef struct rig_platform {
    cof_ec_key *keys[3]; /* leaf (PCK), CA, root */
    cof_ec_key *attestation;
    X509 *certificates[3]; /* leaf, CA, root */
    cof_buf pem[3];
    cof_buf chain;
    cof_buf quote;
    cof_root_pin pin; /* simulated, of this rig's root */
    uint8_t mrenclave[32];
    uint8_t report_data[64];
    rig_options options;
} rig_platform;

void rig_make(rig_platform *rig, const rig_options *options);
void rig_free(rig_platform *rig);

/** Puts these certificates' PEM into the chain, and quotes anew. */
void rig_requote(rig_platform *rig, cof_view leaf, cof_view ca, cof_view root);

#endif
