/*
 * Evidence of SGX and TDX for tests, under a root of Intel's shape whose keys are made on the spot:
 * PCK chain, TCB signing certificate, revocation lists, TCB info, QE identity, and quotes of every
 * kind. Each part can be made wrong while everything around it stays right and rightly signed.
 *
 *     intel_rig rig;
 *     const intel_rig_options options = {.form = INTEL_RIG_TDX_V5_1_5,
 *                                        .tcb = {.levels = levels, .level_count = 2}};
 *     assert_ok(intel_rig_make(&rig, &options, NULL));
 *     ... cof_buf_view(&rig.quote), &rig.collateral, &rig.pin, INTEL_RIG_NOW ...
 *     intel_rig_free(&rig);
 */
#ifndef TEST_INTEL_RIG_H
#define TEST_INTEL_RIG_H

#include <openssl/x509.h>

#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"

/** When the evidence of a zeroed options struct is good: 2027-01-01T00:00:00Z. */
#define INTEL_RIG_NOW INT64_C(1798761600)

enum {
    INTEL_RIG_EDITS_MAX = 6,
    INTEL_RIG_ADVISORIES_MAX = 4,
    INTEL_RIG_DAY_S = 86400,
    INTEL_RIG_EVALUATION = 17, /* tcbEvaluationDataNumber of both documents */
    INTEL_RIG_CRL_NUMBER = 7,
    INTEL_RIG_PCE_SVN = 13,
    INTEL_RIG_QE_SVN = 8
};

/** The certificates. OTHER_CA is the CA of the other kind (Processor where CA is Platform), under
 * the same root: a stranger to the leaf. */
typedef enum intel_rig_who {
    INTEL_RIG_DEFAULT, /* the one that belongs there */
    INTEL_RIG_ROOT,
    INTEL_RIG_CA,
    INTEL_RIG_OTHER_CA,
    INTEL_RIG_LEAF,     /* the PCK certificate */
    INTEL_RIG_SIGNER,   /* "Intel SGX TCB Signing" */
    INTEL_RIG_STRANGER, /* only as a signing key: one that no certificate has */
    INTEL_RIG_WHO_COUNT
} intel_rig_who;

/** What a certificate says. Zeroed is good. */
typedef struct intel_rig_certificate {
    const char *common_name;
    const char *organization;       /* "Intel Corporation" */
    const char *issuer_common_name; /* what stands as issuer, whoever signs */
    int64_t not_before_unix_s;      /* INTEL_RIG_NOW - 365 days */
    int64_t not_after_unix_s;       /* INTEL_RIG_NOW + 365 days */
    const char *basic_constraints;  /* OpenSSL's notation; "": the extension is absent */
    const char *key_usage;          /* the same */
    uint64_t serial;                /* random, of 16 bytes */
    intel_rig_who issuer;           /* whose name and key identifier stand as issuer */
    intel_rig_who signed_by;        /* whose key signs */
    intel_rig_who key_of;           /* whose key is certified */
    bool has_no_key_identifiers;    /* neither subject's nor authority's */
    bool has_unknown_critical;      /* an unknown critical extension */
    bool is_p384;                   /* a key on another curve */
    bool is_sha384;                 /* ecdsa-with-SHA384 */
    bool is_broken;                 /* a bit of the signature is flipped */
} intel_rig_certificate;

/** What a revocation list says. Zeroed is good: it revokes two strangers. */
typedef struct intel_rig_crl {
    bool is_missing;
    int64_t this_update_unix_s; /* INTEL_RIG_NOW - 1 day */
    int64_t next_update_unix_s; /* INTEL_RIG_NOW + 29 days */
    bool has_no_next_update;
    uint64_t number; /* INTEL_RIG_CRL_NUMBER */
    bool has_no_number;
    bool has_no_key_identifier;
    bool is_version_1;
    bool is_empty;
    bool has_unknown_critical; /* an unknown critical extension of the list */
    bool has_critical_entry;   /* an unknown critical extension of an entry */
    bool is_broken;            /* a bit of the signature is flipped */
    intel_rig_who issuer;      /* whose name and key identifier stand as issuer */
    intel_rig_who signed_by;   /* whose key signs */
    intel_rig_who revoked[3];  /* whose serials are on it; DEFAULT: nobody's */
} intel_rig_crl;

/** Replaces every occurrence of find, which must be there. NULL: nothing. */
typedef struct intel_rig_edit {
    const char *find;
    const char *replace;
} intel_rig_edit;

/** Flips bits of one byte. flip 0: nothing. */
typedef struct intel_rig_patch {
    size_t at;
    uint8_t flip;
} intel_rig_patch;

/** What TCB info and QE identity have in common. Zeroed is good. */
typedef struct intel_rig_document {
    bool is_missing;
    bool is_chain_missing;
    const char *issue_date;     /* "2026-12-20T10:00:00Z" */
    const char *next_update;    /* "2027-01-19T10:00:00Z" */
    uint32_t evaluation_number; /* INTEL_RIG_EVALUATION */
    uint32_t version;           /* 3 for TCB info (2 is possible for SGX), 2 for identities */
    intel_rig_who signed_by;    /* whose key signs, and whose chain comes along; DEFAULT: SIGNER.
                                   STRANGER: with SIGNER's chain */
    intel_rig_edit edits[INTEL_RIG_EDITS_MAX];      /* of the inner object, then signed */
    intel_rig_edit late_edits[INTEL_RIG_EDITS_MAX]; /* of the whole document, after signing */
} intel_rig_document;

/** A level of one security version. status NULL: "UpToDate"; date NULL: "2026-05-13T00:00:00Z". */
typedef struct intel_rig_svn_level {
    uint16_t isv_svn;
    const char *status;
    const char *date;
    const char *advisories[INTEL_RIG_ADVISORIES_MAX]; /* none: the member is absent */
} intel_rig_svn_level;

/** A level of TCB info. */
typedef struct intel_rig_level {
    uint8_t sgx[16];
    uint8_t tdx[16];
    uint16_t pce_svn;
    const char *status;
    const char *date;
    const char *advisories[INTEL_RIG_ADVISORIES_MAX];
} intel_rig_level;

/** A TDX module identity. */
typedef struct intel_rig_module {
    const char *id;          /* "TDX_01" */
    const uint8_t *mrsigner; /* 48 bytes; NULL: zeros */
    uint64_t attributes;
    uint64_t attributes_mask; /* 0: all ones */
    const intel_rig_svn_level *levels;
    size_t level_count;
} intel_rig_module;

/** The platform, as the PCK certificate has it. Zeroed is good. */
typedef struct intel_rig_platform {
    bool is_processor_ca; /* else the Platform CA issues, and the leaf has instance id and flags */
    const uint8_t *components; /* 16 bytes: intel_rig_components */
    const uint8_t *cpu_svn;    /* 16 bytes: the same as components */
    uint16_t pce_svn;          /* INTEL_RIG_PCE_SVN */
    const uint8_t *pce_id;     /* 2 bytes: zeros */
    const uint8_t *fmspc;      /* 6 bytes: intel_rig_fmspc */
    uint8_t sgx_type;
    bool is_static;          /* dynamic platform: false (else true) */
    bool has_no_cached_keys; /* cached keys: false (else true) */
    bool is_smt_disabled;    /* SMT enabled: false (else true) */
    cof_view extension;      /* the whole value of the SGX extension, instead of all above */
    bool has_no_extension;
} intel_rig_platform;

/** TCB info. */
typedef struct intel_rig_tcb {
    intel_rig_document document;
    const char *id;                /* "SGX", "TDX" */
    const uint8_t *fmspc;          /* the platform's */
    const uint8_t *pce_id;         /* the platform's */
    const intel_rig_level *levels; /* two: UpToDate at the platform's versions, OutOfDate below */
    size_t level_count;
    const intel_rig_module *modules; /* TDX: TDX_01 and TDX_03, two levels each */
    size_t module_count;
    const uint8_t *module_mrsigner; /* 48 bytes, of the unnamed module ("tdxModule"): zeros */
    uint64_t module_attributes;
} intel_rig_tcb;

/** QE identity. */
typedef struct intel_rig_identity {
    intel_rig_document document;
    const char *id;                    /* "QE", "TD_QE" */
    const uint8_t *mrsigner;           /* 32 bytes: intel_rig_qe_mrsigner */
    uint32_t misc_select;              /* 0 */
    uint32_t misc_select_mask;         /* 0: all ones */
    const uint8_t *attributes;         /* 16 bytes: 11 00 … (SGX; TD_QE: also), XFRM 0 */
    const uint8_t *attributes_mask;    /* 16 bytes: fb ff ff ff ff ff ff ff, 00 … */
    uint16_t isv_prod_id;              /* 1 (SGX), 2 (TDX) */
    const intel_rig_svn_level *levels; /* two: UpToDate at INTEL_RIG_QE_SVN, OutOfDate below */
    size_t level_count;
} intel_rig_identity;

/** The kinds of quotes. */
typedef enum intel_rig_form {
    INTEL_RIG_SGX_V3,
    INTEL_RIG_SGX_V4,
    INTEL_RIG_SGX_V5,
    INTEL_RIG_TDX_V4,
    INTEL_RIG_TDX_V5_1_0, /* body type 2 */
    INTEL_RIG_TDX_V5_1_5, /* body type 3 */
    INTEL_RIG_FORM_COUNT
} intel_rig_form;

/** The quote. Zeroed is good: neither debuggable nor anything else unusual. */
typedef struct intel_rig_quote {
    const cof_sgx_report *body;      /* SGX: intel_rig_good_body */
    const cof_td_report *td;         /* TDX: intel_rig_good_td */
    const cof_sgx_report *qe_report; /* intel_rig_good_qe_report */
    const uint8_t *report_data;      /* 64 bytes, over that of body or td */
    bool keeps_qe_report_data;       /* qe_report's stays as it is, instead of the binding */
    cof_view qe_auth;                /* 00 01 … 1f */
    bool has_no_qe_auth;
    uint16_t certification_type;                       /* 5 */
    cof_view chain;                                    /* PEM, over leaf, CA, root */
    bool has_no_nul;                                   /* no NUL after the chain */
    intel_rig_who qe_signed_by;                        /* LEAF */
    bool is_signed_by_stranger;                        /* not by the attestation key */
    intel_rig_patch patches[INTEL_RIG_EDITS_MAX];      /* of header and body, then signed */
    intel_rig_patch late_patches[INTEL_RIG_EDITS_MAX]; /* of the whole quote */
    size_t padding;                                    /* zero bytes after the quote */
    bool is_open_enclave;                              /* behind Open Enclave's header */
} intel_rig_quote;

/** Changes to what good evidence would be. Zeroed: none, and an SGX quote of version 3. */
typedef struct intel_rig_options {
    intel_rig_form form;
    intel_rig_certificate certificates[INTEL_RIG_WHO_COUNT]; /* by intel_rig_who */
    bool has_second_root; /* collateral brings another root certificate of the same key */
    intel_rig_crl root_crl;
    intel_rig_crl pck_crl;
    intel_rig_platform platform;
    intel_rig_tcb tcb;
    intel_rig_identity identity;
    intel_rig_quote quote;
} intel_rig_options;

/** A good platform's. */
extern const uint8_t intel_rig_components[16];
extern const uint8_t intel_rig_fmspc[6];
extern const uint8_t intel_rig_qe_mrsigner[32];
/** A good TD's TEE_TCB_SVN: module TDX_03, security version 5. */
extern const uint8_t intel_rig_tee_tcb_svn[16];

/** All of a bundle; free with intel_rig_free. */
typedef struct intel_rig {
    cof_ec_key *keys[INTEL_RIG_WHO_COUNT];
    EVP_PKEY *wide_keys[INTEL_RIG_WHO_COUNT]; /* P-384, where asked for: instead */
    X509 *certificates[INTEL_RIG_WHO_COUNT];
    cof_buf pem[INTEL_RIG_WHO_COUNT];
    cof_ec_key *attestation;
    cof_root_pin pin; /* COF_ROOT_INTEL, this root's key */
    cof_collateral collateral;
    cof_buf quote;
} intel_rig;

/** What stands in the good reports, to change some of it. */
cof_sgx_report intel_rig_good_body(void);
cof_td_report intel_rig_good_td(bool is_1_5);
cof_sgx_report intel_rig_good_qe_report(bool is_tdx);

/** Makes everything. @return COF_OK; else *rig is empty. */
COF_MUST_USE cof_status intel_rig_make(intel_rig *rig, const intel_rig_options *options,
                                       cof_err *err);

/** Another quote of the same platform: looks at form and quote only. Replaces the content of *out,
 * which needs no initialising but may hold an earlier quote. */
COF_MUST_USE cof_status intel_rig_quote_again(const intel_rig *rig,
                                              const intel_rig_options *options, cof_buf *out,
                                              cof_err *err);

void intel_rig_free(intel_rig *rig);

#endif
