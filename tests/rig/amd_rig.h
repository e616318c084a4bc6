/*
 * Evidence of SEV-SNP for tests, under roots of AMD's shape whose keys are in tests/vectors/amd:
 * ARK, ASK or ASVK, VCEK or VLEK, the ARK's revocation list, and reports of every version and
 * product. Each part can be made wrong while everything around it stays right and rightly signed.
 *
 *     amd_rig rig;
 *     const amd_rig_options options = {.product = COF_SNP_GENOA, .report = {.report_data = data}};
 *     assert_ok(amd_rig_make(&rig, &options, NULL));
 *     ... cof_buf_view(&rig.report), &rig.collateral, rig.pins, AMD_RIG_NOW ...
 *     amd_rig_free(&rig);
 */
#ifndef TEST_AMD_RIG_H
#define TEST_AMD_RIG_H

#include <openssl/x509.h>

#include "relying/verify/collateral.h"

/** When the evidence of a zeroed options struct is good: 2027-01-01T00:00:00Z. */
#define AMD_RIG_NOW INT64_C(1798761600)

enum {
    AMD_RIG_EDITS_MAX = 6,
    AMD_RIG_DAY_S = 86400,
    AMD_RIG_CRL_NUMBER = 7,
    AMD_RIG_CA_SERIAL = 0x10001,
    AMD_RIG_ROOT_SERIAL = 0x10000
};

/** The certificates, and whose keys can sign. */
typedef enum amd_rig_who {
    AMD_RIG_DEFAULT,      /* the one that belongs there */
    AMD_RIG_ROOT,         /* ARK of the product */
    AMD_RIG_CA,           /* ASK, or ASVK for a VLEK */
    AMD_RIG_LEAF,         /* VCEK or VLEK */
    AMD_RIG_OTHER_ROOT,   /* only as a key: the ARK of another product */
    AMD_RIG_STRANGER,     /* only as a key: RSA-4096 that no certificate has */
    AMD_RIG_SMALL,        /* only as a key: RSA-3072 */
    AMD_RIG_LEAF_P256,    /* only as a key: P-256 */
    AMD_RIG_LEAF_STRANGER /* only as a key: P-384 that no certificate has */
} amd_rig_who;

enum { AMD_RIG_WHO_COUNT = AMD_RIG_LEAF_STRANGER + 1, AMD_RIG_CERTIFICATES = AMD_RIG_LEAF + 1 };

/** An AMD extension of the leaf, by its arcs below 1.3.6.1.4.1.3704.1 ("3.8"): replaces the good
 * one, or is added when there is none. arcs NULL: nothing. */
typedef struct amd_rig_extension {
    const char *arcs;
    const char *hex; /* its value; NULL: keeps the good one */
    bool is_dropped;
    bool is_repeated;
} amd_rig_extension;

/** What a certificate says. Zeroed is good. */
typedef struct amd_rig_certificate {
    const char *common_name;
    const char *issuer_common_name;  /* what stands as issuer, whoever signs */
    int64_t not_before_unix_s;       /* AMD_RIG_NOW - 365 days */
    int64_t not_after_unix_s;        /* AMD_RIG_NOW + 365 days */
    const char *basic_constraints;   /* OpenSSL's notation; "": the extension is absent */
    const char *key_usage;           /* the same */
    uint64_t serial;                 /* root, CA: AMD_RIG_…_SERIAL; leaf: 0 */
    amd_rig_who signed_by;           /* whose key signs */
    amd_rig_who key_of;              /* whose key is certified */
    bool has_foreign_key_identifier; /* the authority's is of another key */
    bool has_unknown_critical;       /* an unknown critical extension */
    bool is_version_1;               /* with the extensions of version 3 all the same */
    bool is_sha256;                  /* PSS with SHA-256 */
    bool is_mgf1_256;                /* PSS with MGF1-SHA-256 */
    bool is_pkcs1;                   /* not PSS, but PKCS #1 v1.5 with SHA-384 */
    int salt_size;                   /* 0: 48 */
    bool is_broken;                  /* a bit of the signature is flipped */
} amd_rig_certificate;

/** What the revocation list says. Zeroed is good: it revokes a stranger. */
typedef struct amd_rig_crl {
    bool is_missing;
    int64_t this_update_unix_s; /* AMD_RIG_NOW - 30 days */
    int64_t next_update_unix_s; /* AMD_RIG_NOW + 335 days */
    uint64_t number;            /* AMD_RIG_CRL_NUMBER */
    bool has_no_number;
    const char *issuer_common_name; /* what stands as issuer, whoever signs */
    amd_rig_who signed_by;
    uint64_t revoked;  /* a serial; 0: 0x20001 */
    bool is_empty;     /* revokes nobody */
    bool is_broken;    /* a bit of the signature is flipped */
    bool is_truncated; /* the last byte is missing */
} amd_rig_crl;

/** Replaces one byte by byte ^ flip. flip 0: nothing. */
typedef struct amd_rig_patch {
    size_t at;
    uint8_t flip;
} amd_rig_patch;

/** The report. Zeroed is good: neither debuggable nor anything else unusual. */
typedef struct amd_rig_report {
    uint32_t version; /* 3; 2 to 5 */
    uint32_t guest_svn;
    uint64_t policy; /* 0x30000 */
    uint32_t vmpl;
    const uint8_t *report_data;       /* 64 bytes: 10 11 12 … */
    const uint8_t *measurement;       /* 48 bytes: a0 a1 a2 … */
    const uint8_t *host_data;         /* 32 bytes: zeros */
    const uint8_t *id_key_digest;     /* 48 bytes: zeros */
    const uint8_t *author_key_digest; /* 48 bytes: zeros, and no author key */
    uint64_t reported_tcb;            /* amd_rig_tcb(product); the leaf is made for it */
    uint64_t current_tcb, committed_tcb, launch_tcb; /* reported_tcb */
    amd_rig_patch patches[AMD_RIG_EDITS_MAX];        /* then signed */
    amd_rig_patch late_patches[AMD_RIG_EDITS_MAX];   /* of the whole report */
    amd_rig_who signed_by;                           /* LEAF */
} amd_rig_report;

/** Changes to what good evidence would be. Zeroed: none, and a report of Milan by its VCEK. */
typedef struct amd_rig_options {
    cof_snp_product product; /* NONE: Milan */
    cof_snp_signer signer;
    amd_rig_certificate certificates[AMD_RIG_CERTIFICATES]; /* by amd_rig_who */
    amd_rig_extension extensions[AMD_RIG_EDITS_MAX];
    bool is_hwid_wrapped; /* HWID as an OCTET STRING inside the extension */
    bool is_chain_whole;  /* AMD_CHAIN holds leaf, CA and root, and AMD_LEAF is absent */
    amd_rig_crl crl;
    amd_rig_report report;
} amd_rig_options;

/** A good platform's TCB version, as it stands in a report. */
uint64_t amd_rig_tcb(cof_snp_product product);

/** All of a bundle; free with amd_rig_free. */
typedef struct amd_rig {
    EVP_PKEY *keys[AMD_RIG_WHO_COUNT];
    X509 *certificates[AMD_RIG_CERTIFICATES];
    cof_buf pem[AMD_RIG_CERTIFICATES];
    cof_root_pin pins[3]; /* Milan's, Genoa's, Turin's test roots */
    cof_collateral collateral;
    cof_buf report;
} amd_rig;

/** Makes everything. @return COF_OK; else *rig is empty. */
COF_MUST_USE cof_status amd_rig_make(amd_rig *rig, const amd_rig_options *options, cof_err *err);

/** Another report of the same platform: looks at product, signer and report only. Replaces the
 * content of *out, which is zeroed or of an earlier call. */
COF_MUST_USE cof_status amd_rig_report_again(const amd_rig *rig, const amd_rig_options *options,
                                             cof_buf *out, cof_err *err);

void amd_rig_free(amd_rig *rig);

#endif
