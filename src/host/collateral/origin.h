/* Where collateral is fetched from. */
#ifndef COF_HOST_COLLATERAL_ORIGIN_H
#define COF_HOST_COLLATERAL_ORIGIN_H

#include <limits.h>

#include "tcb/base/buf.h"

enum { COF_ORIGIN_URL_SIZE = 512 };

/** Base URLs, without "/" at the end. */
typedef struct cof_collateral_origin {
    char intel[COF_ORIGIN_URL_SIZE];          /* Intel's PCS, a PCCS, or Azure's cache */
    char intel_root_crl[COF_ORIGIN_URL_SIZE]; /* the whole URL, for where intel has none */
    char amd[COF_ORIGIN_URL_SIZE];            /* AMD's KDS, or a mirror of it */
    char imds[COF_ORIGIN_URL_SIZE]; /* Azure's metadata service: leaf and chain of the VM that asks;
                                       "": not used */
    bool is_pccs;                   /* intel serves the root's revocation list too ("rootcacrl") */
    bool has_update_option; /* intel is told which update of the TCB is meant ("standard") */
} cof_collateral_origin;

/**
 * "intel" or NULL: Intel's PCS and AMD's KDS. "azure": Azure's cache for Intel's collateral, the
 * VM's metadata service for AMD's. Else the base URL of a PCCS or of a mirror of the KDS; a path as
 * PCCS clients configure it (".../sgx/certification/v4/") is cut off.
 *
 * @return COF_OK, COF_E_USAGE (neither a name nor a URL; http to another machine).
 */
COF_MUST_USE cof_status cof_origin_from(const char *text, cof_collateral_origin *out, cof_err *err);

/** Is plain http enough for this URL? Only where no network lies between: loopback, and the
 * link-local address of a cloud's metadata service. */
bool cof_origin_is_here(const char *url);

#endif
