/*
 * What genuine evidence says: the result of a verification, and all that a policy may judge by. All
 * values are public. Written only when every check of genuineness held.
 */
#ifndef COF_VERIFY_FACTS_H
#define COF_VERIFY_FACTS_H

#include "relying/verify/amd/snp_report.h"
#include "relying/verify/azure/hcl.h"
#include "relying/verify/azure/tpm_quote.h"
#include "relying/verify/intel/pck.h"
#include "relying/verify/intel/quote.h"
#include "relying/verify/trust.h"

/** The kind of protection behind the evidence: follows from what signed it, from nothing else. */
typedef enum cof_tee {
    COF_TEE_NONE,
    COF_TEE_SIMULATED,
    COF_TEE_SGX,
    COF_TEE_TDX,
    COF_TEE_SEV_SNP,
    COF_TEE_AZURE_CVM /* a vTPM whose key the hardware below (SEV-SNP or TDX) vouches for */
} cof_tee;

/** "simulated", "sgx", "tdx", "sev-snp", "azure-cvm": as in a contract's platform.accept[].type.
 * "none" for anything else. */
const char *cof_tee_name(cof_tee tee);

/** How Intel rates the platform's trusted computing base, worst last. AMD publishes no rating, and
 * the simulated platform has none: COF_TCB_UNRATED. A platform that Intel does not know (no level
 * matches) is not rated at all: its evidence is refused. */
typedef enum cof_tcb_status {
    COF_TCB_UNRATED,
    COF_TCB_UP_TO_DATE,
    COF_TCB_SW_HARDENING_NEEDED,
    COF_TCB_CONFIGURATION_NEEDED,
    COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    COF_TCB_TD_RELAUNCH_ADVISED,
    COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    COF_TCB_OUT_OF_DATE,
    COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    COF_TCB_REVOKED,
    COF_TCB_STATUS_COUNT
} cof_tcb_status;

/** Intel's own spelling: "UpToDate", "OutOfDateConfigurationNeeded"; "Unrated". */
const char *cof_tcb_status_name(cof_tcb_status status);

/** From Intel's spelling, exactly. False for anything else, and for "Unrated". */
bool cof_tcb_status_from_name(cof_view name, cof_tcb_status *out);

enum { COF_ADVISORIES_MAX = 64, COF_ADVISORY_SIZE = 32 };

/** Security advisories ("INTEL-SA-00615") that apply to the platform, each once, in order of first
 * mention. */
typedef struct cof_advisories {
    size_t count;
    char ids[COF_ADVISORIES_MAX][COF_ADVISORY_SIZE];
} cof_advisories;

/** Adds one that is not there yet. @return COF_OK, COF_E_LIMIT (too many, or too long),
 * COF_E_BAD_FORMAT (other characters than capital letters, digits and '-'). */
COF_MUST_USE cof_status cof_advisories_add(cof_advisories *advisories, cof_view id, cof_err *err);

bool cof_advisories_has(const cof_advisories *advisories, const char *id);

/** The rating, where the vendor gives one. */
typedef struct cof_tcb_rating {
    cof_tcb_status status;
    cof_advisories advisories;
    uint32_t evaluation_number;        /* tcbEvaluationDataNumber of the TCB info */
    int64_t tcb_date_unix_s;           /* tcbDate of the level that matched */
    int64_t collateral_expires_unix_s; /* the earliest end of validity among the collateral */
} cof_tcb_rating;

/** SHA-256 of each piece of Intel collateral, as Azure Attestation shows them
 * (x-ms-sgx-collateral). Zero when there is none. */
typedef struct cof_collateral_digests {
    cof_digest tcb_info, tcb_chain, root_crl; /* root_crl covers the TCB signing chain */
    cof_digest qe_identity, qe_chain, pck_crl;
} cof_collateral_digests;

/** What is known of an Azure confidential VM beyond its hardware report. */
typedef struct cof_azure_facts {
    cof_hcl_claims claims;   /* bound to the hardware report */
    cof_tpm_quote quote;     /* signed by the key in the claims */
    cof_pcrs pcrs;           /* bound to the quote */
    bool has_ak_certificate; /* an AK certificate was there, and is of the key in the claims */
    bool has_encryption_key; /* the vTPM's ephemeral key came along, certified by the key in the */
    uint8_t encryption_modulus[COF_RSA_2048_SIZE]; /* claims; RSA-2048, exponent 65537 */
} cof_azure_facts;

typedef struct cof_facts {
    cof_tee tee;
    cof_tee hardware;           /* below a vTPM: SEV_SNP or TDX; else the same as tee */
    cof_root_pin root;          /* which trusted root stands behind the hardware's evidence */
    cof_digest evidence_digest; /* SHA-256 of the evidence, without padding */
    bool is_debuggable;         /* a policy must look at it: genuine evidence may well say so */
    /* What the evidence was made over. A vTPM quotes over at most 64 bytes: then zeros. */
    uint8_t report_data[COF_REPORT_DATA_SIZE];
    cof_tcb_rating tcb;
    cof_collateral_digests collateral; /* SGX, TDX */
    cof_pck pck;                       /* SGX, TDX, simulated: the platform, from its certificate */
    cof_sgx_report sgx;                /* SGX, simulated */
    cof_td_report td;                  /* TDX */
    cof_snp_report snp;                /* SEV_SNP */
    cof_azure_facts azure;             /* AZURE_CVM */
} cof_facts;

#endif
