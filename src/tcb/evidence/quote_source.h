/* The port to whatever quotes for this enclave. */
#ifndef COF_EVIDENCE_QUOTE_SOURCE_H
#define COF_EVIDENCE_QUOTE_SOURCE_H

#include "tcb/base/buf.h"

enum { COF_QUOTE_REPORT_DATA_SIZE = 64 };

typedef struct cof_quote_source cof_quote_source;

typedef struct cof_quote_source_ops {
    const char *name; /* the evidence's type: "simulated", "sgx" */
    /* Appends evidence over report_data to out_quote. */
    COF_MUST_USE cof_status (*quote)(cof_quote_source *self,
                                     const uint8_t report_data[static COF_QUOTE_REPORT_DATA_SIZE],
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

/** The evidence's type. */
const char *cof_quote_source_name(const cof_quote_source *source);

/**
 * Appends evidence over report_data. out_quote is unchanged on failure.
 * @return COF_OK, COF_E_PEER_CLOSED (no quote can be made), COF_E_IO, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quote_source_quote(
    cof_quote_source *source, const uint8_t report_data[static COF_QUOTE_REPORT_DATA_SIZE],
    cof_buf *out_quote, cof_err *err);

void cof_quote_source_free(cof_quote_source *source);
COF_OWNED(cof_quote_source, cof_quote_source_free);

#endif
