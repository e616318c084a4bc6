/* The port to whatever quotes for this enclave. */
#ifndef COF_EVIDENCE_QUOTE_SOURCE_H
#define COF_EVIDENCE_QUOTE_SOURCE_H

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

enum { COF_QUOTE_REPORT_DATA_SIZE = 64 };

/** What evidence is to be made over: plain bytes, no padding. */
typedef struct cof_quote_request {
    uint8_t report_data[COF_QUOTE_REPORT_DATA_SIZE];
    cof_digest contract; /* azure-cvm puts it into the claims of the paravisor; others ignore it */
} cof_quote_request;

typedef struct cof_quote_source cof_quote_source;

typedef struct cof_quote_source_ops {
    const char *name; /* the evidence's type: "simulated", "sgx" */
    /* Appends evidence over the request to out_quote. */
    COF_MUST_USE cof_status (*quote)(cof_quote_source *self, const cof_quote_request *request,
                                     cof_buf *out_quote, cof_err *err);
    void (*free)(cof_quote_source *self);
} cof_quote_source_ops;

struct cof_quote_source {
    const cof_quote_source_ops *ops;
};

/**
 * The simulated platform's quoting (docs/formats/platform.md): 64 bytes of report data out, one
 * quote back, over a SOCK_SEQPACKET socket.
 *
 * @param fd  fd 3 of a worker; kept, and closed by cof_quote_source_free
 * @return COF_OK, COF_E_BAD_ARGUMENT (not such a socket), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quote_source_simulated(int fd, cof_quote_source **out_source,
                                                   cof_err *err);

/**
 * An SGX enclave under Gramine: quotes v3 of DCAP.
 *
 * @param folder  /dev/attestation; copied
 * @return COF_OK, COF_E_NOT_FOUND (this is no SGX enclave), COF_E_UNSUPPORTED (its manifest asks
 * for another attestation), COF_E_PERMISSION, COF_E_IO, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quote_source_sgx(const char *folder, cof_quote_source **out_source,
                                             cof_err *err);

/**
 * An SEV-SNP or TDX guest of Linux 6.7 or newer. Evidence: an SNP report, then the certificates
 * that the host gave, as the table of SNP_GET_EXT_REPORT (nothing without); a TDX quote.
 *
 * @param folder  /sys/kernel/config/tsm/report; copied
 * @return COF_OK, COF_E_NOT_FOUND (the kernel does not have it), COF_E_PERMISSION, COF_E_IO,
 * COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quote_source_tsm_snp(const char *folder, cof_quote_source **out_source,
                                                 cof_err *err);
COF_MUST_USE cof_status cof_quote_source_tsm_tdx(const char *folder, cof_quote_source **out_source,
                                                 cof_err *err);

/**
 * An SEV-SNP guest of an older kernel. Evidence as of cof_quote_source_tsm_snp.
 *
 * @param device  /dev/sev-guest; opened here, closed by cof_quote_source_free
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quote_source_sev_guest(const char *device,
                                                   cof_quote_source **out_source, cof_err *err);

/** The evidence's type. */
const char *cof_quote_source_name(const cof_quote_source *source);

/**
 * Appends evidence over the request. out_quote is unchanged on failure.
 * @return COF_OK, COF_E_PEER_CLOSED (no quote can be made), COF_E_BUSY (others quote all the time:
 * may be tried again), COF_E_EVIDENCE_BINDING (what came is over other report data), COF_E_LIMIT,
 * COF_E_NO_MEMORY, or what the platform's files and devices answer: COF_E_IO, COF_E_PERMISSION,
 * COF_E_NOT_FOUND, COF_E_TIMEOUT, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED.
 */
COF_MUST_USE cof_status cof_quote_source_quote(cof_quote_source *source,
                                               const cof_quote_request *request, cof_buf *out_quote,
                                               cof_err *err);

/** For back ends: the request's report data stands at this place of a quote. @return COF_OK,
 * COF_E_TRUNCATED, COF_E_EVIDENCE_BINDING. */
COF_MUST_USE cof_status cof_quote_check_binding(cof_view quote, size_t at,
                                                const cof_quote_request *request, cof_err *err);

void cof_quote_source_free(cof_quote_source *source);
COF_OWNED(cof_quote_source, cof_quote_source_free);

#endif
