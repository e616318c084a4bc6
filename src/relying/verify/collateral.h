/*
 * Collateral: what a vendor publishes about its platforms, and what evidence is verified with.
 * Bytes as they were served, not yet believed: intel/ and amd/ authenticate them.
 */
#ifndef COF_VERIFY_COLLATERAL_H
#define COF_VERIFY_COLLATERAL_H

#include "relying/verify/facts.h"

enum { COF_COLLATERAL_ITEM_MAX = 1024 * 1024 };

/** The items. Each has a file name (cof_collateral_file_name). */
typedef enum cof_collateral_item {
    COF_COLLATERAL_TCB_INFO,  /* tcbinfo.json: {"tcbInfo":{…},"signature":"…"}, as served */
    COF_COLLATERAL_TCB_CHAIN, /* tcb_chain.pem: TCB signing certificate, root */
    COF_COLLATERAL_QE_IDENTITY, /* qeid.json: {"enclaveIdentity":{…},"signature":"…"}, as served */
    COF_COLLATERAL_QE_CHAIN,    /* qe_chain.pem: TCB signing certificate, root */
    COF_COLLATERAL_ROOT_CRL,    /* root_crl.der */
    COF_COLLATERAL_PCK_CRL,     /* pck_crl.der: of the CA that issued the PCK certificate */
    COF_COLLATERAL_AMD_LEAF,    /* amd_leaf.der: the VCEK or VLEK certificate */
    COF_COLLATERAL_AMD_CHAIN, /* amd_chain.pem: ASK or ASVK, ARK */
    COF_COLLATERAL_AMD_CRL,   /* amd_crl.der: the ARK's */
    COF_COLLATERAL_COUNT
} cof_collateral_item;

/** One set, for one verification. Zeroed is empty; an item of size 0 is absent. */
typedef struct cof_collateral {
    cof_buf items[COF_COLLATERAL_COUNT];
} cof_collateral;

/** "tcbinfo.json" and so on. */
const char *cof_collateral_file_name(cof_collateral_item item);

/** The item's bytes; size 0 when collateral is NULL or has none. */
cof_view cof_collateral_view(const cof_collateral *collateral, cof_collateral_item item);

/** Replaces an item by a copy of bytes. @return COF_OK, COF_E_LIMIT (over
 * COF_COLLATERAL_ITEM_MAX), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_collateral_set(cof_collateral *collateral, cof_collateral_item item,
                                           cof_view bytes, cof_err *err);

void cof_collateral_free(cof_collateral *collateral);

/** What collateral some evidence needs. Read from evidence that is not yet verified: it chooses
 * what to fetch, nothing else. */
typedef struct cof_collateral_need {
    cof_tee hardware;        /* SGX, TDX, SEV_SNP; NONE or SIMULATED: none is needed */
    uint8_t fmspc[6];        /* Intel */
    bool is_platform_ca;     /* Intel: the PCK's issuer is the Platform CA, else the Processor CA */
    cof_snp_product product; /* AMD; NONE when only the leaf could tell (reports of version 2) */
    uint8_t chip_id[64];     /* AMD, VCEK */
    uint64_t reported_tcb;   /* AMD, as it stands in the report */
    bool is_vlek;            /* AMD: signed by a VLEK, which only the evidence can bring */
    bool has_leaf;           /* AMD: the evidence brings the leaf certificate itself */
    bool has_chain;          /* AMD: and the chain above it */
} cof_collateral_need;

/** Where collateral comes from: a folder, a cache with fetchers behind it. */
typedef struct cof_collateral_source cof_collateral_source;

typedef struct cof_collateral_source_ops {
    const char *name; /* "folder", "cache" */
    /* Fills *out (zeroed by the caller) with what is needed and at hand; what is missing stays
     * absent, and is the verifier's to refuse. Fails only when it cannot look. */
    COF_MUST_USE cof_status (*get)(cof_collateral_source *self, const cof_collateral_need *need,
                                   int64_t now_unix_s, cof_collateral *out, cof_err *err);
    void (*free)(cof_collateral_source *self);
} cof_collateral_source_ops;

struct cof_collateral_source {
    const cof_collateral_source_ops *ops;
};

COF_MUST_USE cof_status cof_collateral_source_get(cof_collateral_source *source,
                                                  const cof_collateral_need *need,
                                                  int64_t now_unix_s, cof_collateral *out,
                                                  cof_err *err);
void cof_collateral_source_free(cof_collateral_source *source);
COF_OWNED(cof_collateral_source, cof_collateral_source_free);

#endif
