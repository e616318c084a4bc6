/*
 * Fetching collateral: Intel's PCS and PCCS (version 4), Azure's cache of them, AMD's KDS, Azure's
 * metadata service. What belongs together is fetched together, as one part.
 */
#ifndef COF_HOST_COLLATERAL_FETCHER_H
#define COF_HOST_COLLATERAL_FETCHER_H

#include "host/collateral/lifetime.h"
#include "host/collateral/origin.h"
#include "host/http/http_client.h"
#include "relying/verify/collateral.h"

typedef enum cof_part {
    COF_PART_INTEL_TCB,      /* TCB info and QE identity with their chains: one set */
    COF_PART_INTEL_PCK_CRL,  /* the PCK's CA's list */
    COF_PART_INTEL_ROOT_CRL, /* the root's list */
    COF_PART_AMD_LEAF,       /* the VCEK certificate */
    COF_PART_AMD_CHAIN,      /* ASK or ASVK, ARK */
    COF_PART_AMD_CRL,        /* the ARK's list */
    COF_PART_COUNT
} cof_part;

/** A part as it was fetched. Zeroed is empty; free with cof_fetched_free. */
typedef struct cof_fetched {
    cof_collateral items;
    cof_lifetime lifetime; /* as the answers say; the shortest of them */
} cof_fetched;

typedef struct cof_fetcher cof_fetcher;

/** Something that a user should be told and that is no failure ("deprecated"). */
typedef void (*cof_note)(void *context, const char *text);

typedef struct cof_fetcher_options {
    cof_collateral_origin origin; /* copied */
    cof_http_client_options http; /* of https; allow_http is not looked at. Zeroed retry: up to a
                                     minute. What is on this machine is asked without the proxy */
    cof_note note;                /* may be NULL */
    void *note_context;
} cof_fetcher_options;

/** @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFIG (the CA file). */
COF_MUST_USE cof_status cof_fetcher_new(const cof_fetcher_options *options, cof_fetcher **out,
                                        cof_err *err);

/** Does this need call for this part? A VLEK comes with the evidence only; so does the leaf of a
 * platform that hides its chip's identity. */
bool cof_part_is_needed(cof_part part, const cof_collateral_need *need);

/** What the part depends on, as a text without spaces at its ends: "tcb tdx 00806f050000 BASE". */
COF_MUST_USE cof_status cof_part_key(const cof_fetcher *fetcher, cof_part part,
                                     const cof_collateral_need *need, cof_buf *out, cof_err *err);

/**
 * Fetches a part. An AMD product that is not known is found by asking for Milan, then Genoa; then
 * need->product must be known for the other parts.
 *
 * @param out  zeroed; written only on success
 * @return COF_OK, COF_E_NOT_FOUND (the service does not know it), COF_E_NETWORK, COF_E_TIMEOUT,
 * COF_E_REMOTE_ERROR, COF_E_LIMIT, COF_E_COLLATERAL_INVALID (an answer that is none),
 * COF_E_COLLATERAL_MISMATCH (the metadata service speaks for another machine), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_fetch_part(cof_fetcher *fetcher, cof_part part,
                                       const cof_collateral_need *need, int64_t now_unix_s,
                                       cof_fetched *out, cof_err *err);

void cof_fetched_free(cof_fetched *fetched);

void cof_fetcher_free(cof_fetcher *fetcher);
COF_OWNED(cof_fetcher, cof_fetcher_free);

#endif
