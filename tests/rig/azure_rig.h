/*
 * Evidence of Azure confidential VMs for tests, over amd_rig (SEV-SNP) or intel_rig (TDX): claims,
 * HCL report, TPM quote, AK certificate, ephemeral key. Each part can be made wrong while
 * everything around it stays right and rightly signed.
 *
 *     azure_rig rig;
 *     cof_azure_evidence evidence = {0};
 *     const azure_rig_options options = {.claims_edits = {{"true", "false"}}};
 *     assert_ok(azure_rig_make(&rig, AZURE_RIG_TDX, NULL));
 *     assert_ok(azure_rig_evidence(&rig, &options, &evidence, NULL));
 *     ... &evidence, rig.collateral, rig.pins, rig.pin_count, AZURE_RIG_NOW ...
 *     cof_azure_evidence_free(&evidence);
 *     azure_rig_free(&rig);
 */
#ifndef TEST_AZURE_RIG_H
#define TEST_AZURE_RIG_H

#include "relying/verify/azure/azure_cvm.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"
#include "tcb/crypto/rsa.h"

/** When good evidence is good. */
#define AZURE_RIG_NOW INTEL_RIG_NOW

enum { AZURE_RIG_EDITS_MAX = 4, AZURE_RIG_ALL_PCRS = 0xffffff };

typedef enum azure_rig_hardware { AZURE_RIG_SNP, AZURE_RIG_TDX } azure_rig_hardware;

/** The keys, all RSA-2048. */
typedef enum azure_rig_key {
    AZURE_RIG_AK,         /* HCLAkPub */
    AZURE_RIG_EK,         /* HCLEkPub */
    AZURE_RIG_ENCRYPTION, /* the vTPM's ephemeral key */
    AZURE_RIG_STRANGER,
    AZURE_RIG_KEY_COUNT
} azure_rig_key;

/** Replaces every occurrence of find, which must be there. NULL: nothing. */
typedef struct azure_rig_edit {
    const char *find;
    const char *replace;
} azure_rig_edit;

/** Changes to what good evidence would be. Zeroed: none. */
typedef struct azure_rig_options {
    azure_rig_edit claims_edits[AZURE_RIG_EDITS_MAX];      /* then hashed */
    azure_rig_edit late_claims_edits[AZURE_RIG_EDITS_MAX]; /* after that; sizes stay right */
    cof_hcl_hash hash;                                     /* 0: SHA-256 */
    cof_hcl_hash stated_hash;                              /* 0: the same */
    const uint8_t *report_data;         /* 64 bytes, instead of the hash of the claims */
    uint8_t report_data_tail;           /* the last byte of it */
    amd_rig_report amd;                 /* SNP: the report; report_data is set */
    intel_rig_quote intel;              /* TDX: the quote; report_data is set */
    amd_rig_patch td_report_patches[4]; /* TDX: of the TDREPORT */
    amd_rig_patch hcl_patches[4];       /* of the whole HCL report */
    size_t hcl_size;                    /* zeros up to here; 0: 2600 */
    azure_rig_key quoted_by;            /* AZURE_RIG_AK */
    const uint8_t *extra;               /* 32 bytes: 10 11 12 … */
    size_t extra_size;                  /* with extra */
    bool has_no_extra;
    uint32_t selection;             /* PCRs that are quoted; 0: all */
    bool selects_nothing;           /* an empty selection, and the digest of nothing */
    uint32_t values;                /* PCRs whose values are given; 0: all */
    uint16_t bank;                  /* 0: SHA-256 */
    uint16_t bank_count;            /* 0: 1; each is bank */
    amd_rig_patch quote_patches[4]; /* of the TPMS_ATTEST, then signed */
    amd_rig_patch late_quote_patches[4];
    size_t quote_tail; /* zero bytes after the TPMS_ATTEST, signed too */
    amd_rig_patch signature_patches[2];
    bool is_signature_framed;     /* as a TPMT_SIGNATURE */
    amd_rig_patch pcr_patches[2]; /* of the values given: at = 32 * PCR + byte */
    bool has_ak_certificate;
    azure_rig_key certificate_of; /* AZURE_RIG_AK */
    size_t certificate_padding;   /* zero bytes behind it */
    bool has_encryption_key;
    azure_rig_key encryption_signed_by;  /* AZURE_RIG_AK */
    amd_rig_patch encryption_patches[2]; /* of the TPMT_PUBLIC, then certified */
    amd_rig_patch late_encryption_patches[2];
    amd_rig_patch certify_patches[2]; /* of the certification, then signed */
    bool has_certificates;            /* SNP: leaf and chain in the evidence */
} azure_rig_options;

typedef struct azure_rig {
    azure_rig_hardware hardware;
    cof_rsa_key *keys[AZURE_RIG_KEY_COUNT];
    amd_rig amd;
    intel_rig intel;
    const cof_collateral *collateral; /* of the hardware's rig, all of it */
    const cof_root_pin *pins;
    size_t pin_count;
    cof_digest pcrs[COF_PCR_COUNT]; /* values of a machine that was booted */
} azure_rig;

/** Makes a machine. @return COF_OK; else *rig is empty. */
COF_MUST_USE cof_status azure_rig_make(azure_rig *rig, azure_rig_hardware hardware, cof_err *err);

/** Makes evidence on it. out is zeroed, or of an earlier call: then it is freed first. */
COF_MUST_USE cof_status azure_rig_evidence(const azure_rig *rig, const azure_rig_options *options,
                                           cof_azure_evidence *out, cof_err *err);

/** The same as an AttestationInfo, with base64 as Azure's clients write it; of options, all that it
 * can carry. */
COF_MUST_USE cof_status azure_rig_attestation_info(const azure_rig *rig,
                                                   const azure_rig_options *options, cof_buf *out,
                                                   cof_err *err);

void azure_rig_free(azure_rig *rig);

/** The claims of a paravisor: canonical JSON. ek may be NULL: a TPM whose NV indexes are small has
 * no room for both keys. */
COF_MUST_USE cof_status azure_rig_claims(const cof_rsa_key *ak, const cof_rsa_key *ek,
                                         const uint8_t user_data[static COF_HCL_USER_DATA_SIZE],
                                         cof_buf *out, cof_err *err);

/** An HCL report around a hardware report (1184 or 1024 bytes), then zeros up to size. */
COF_MUST_USE cof_status azure_rig_hcl_report(cof_view hardware, cof_view claims, cof_hcl_hash hash,
                                             size_t size, cof_buf *out, cof_err *err);

#endif
