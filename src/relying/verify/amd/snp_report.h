/*
 * SEV-SNP attestation reports, versions 2 to 5 (AMD SEV-SNP Firmware ABI Specification, table
 * ATTESTATION_REPORT): a strict reader. Structure only: who signed is judged by snp.h.
 */
#ifndef COF_VERIFY_SNP_REPORT_H
#define COF_VERIFY_SNP_REPORT_H

#include "tcb/base/buf.h"

enum {
    COF_SNP_REPORT_SIZE = 0x4a0,
    COF_SNP_SIGNED_SIZE = 0x2a0,
    COF_SNP_SCALAR_SIZE = 48, /* of P-384 */
    COF_SNP_CSP_ID_SIZE = 64  /* with its NUL */
};

/** The line of processors. NONE: the report does not say (version 2). */
typedef enum cof_snp_product {
    COF_SNP_NONE,
    COF_SNP_MILAN,
    COF_SNP_GENOA, /* and Siena, Bergamo */
    COF_SNP_TURIN
} cof_snp_product;

/** "Milan", "Genoa", "Turin", as AMD's key server spells them; "none". */
const char *cof_snp_product_name(cof_snp_product product);

/** POLICY bits. */
#define COF_SNP_POLICY_SMT           ((uint64_t)1 << 16)
#define COF_SNP_POLICY_RESERVED_ONE  ((uint64_t)1 << 17)
#define COF_SNP_POLICY_MIGRATE_MA    ((uint64_t)1 << 18)
#define COF_SNP_POLICY_DEBUG         ((uint64_t)1 << 19)
#define COF_SNP_POLICY_SINGLE_SOCKET ((uint64_t)1 << 20)

/** Security versions, taken out of a TCB_VERSION by the product's layout. fmc is 0 before Turin. */
typedef struct cof_snp_tcb {
    uint8_t fmc, bootloader, tee, snp, microcode;
} cof_snp_tcb;

/** Which key signed the report. */
typedef enum cof_snp_signer { COF_SNP_VCEK = 0, COF_SNP_VLEK = 1 } cof_snp_signer;

typedef struct cof_snp_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t vmpl;
    uint64_t current_tcb;
    uint64_t platform_info;
    bool has_author_key;
    bool is_chip_masked;
    cof_snp_signer signer;
    uint8_t report_data[64];
    uint8_t measurement[48];
    uint8_t host_data[32];
    uint8_t id_key_digest[48];
    uint8_t author_key_digest[48];
    uint8_t report_id[32];
    uint8_t report_id_ma[32];
    uint64_t reported_tcb;
    uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* 0 before version 3 */
    uint8_t chip_id[64];
    uint64_t committed_tcb;
    uint8_t current_build, current_minor, current_major;
    uint8_t committed_build, committed_minor, committed_major;
    uint64_t launch_tcb;
    uint64_t launch_mitigations, current_mitigations; /* version 5; else 0 */
    cof_snp_product product; /* from the CPUID fields; after verification, proven */
    /* VLEK: the cloud provider it was made for ("CN=cc-us-east-2.amazonaws.com"); filled by the
     * verification, from the certificate. Else "". */
    char csp_id[COF_SNP_CSP_ID_SIZE];
    uint8_t r[COF_SNP_SCALAR_SIZE], s[COF_SNP_SCALAR_SIZE]; /* big endian */
} cof_snp_report;

/**
 * Reads a report of exactly COF_SNP_REPORT_SIZE bytes: version 2 to 5, ECDSA P-384, reserved bytes
 * and the signature's tail zero, policy bit 17 set, a signing key of a known kind.
 *
 * @return COF_OK, COF_E_TRUNCATED, COF_E_TRAILING_BYTES, COF_E_BAD_VERSION, COF_E_UNSUPPORTED
 * (algorithm, signing key, a product that is not known), COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_snp_report_parse(cof_view bytes, cof_snp_report *out, cof_err *err);

/** Takes a TCB_VERSION apart. product must not be NONE. */
cof_snp_tcb cof_snp_tcb_of(uint64_t version, cof_snp_product product);

/** The bits of a TCB_VERSION that the product reserves. */
uint64_t cof_snp_tcb_reserved(cof_snp_product product);

#endif
