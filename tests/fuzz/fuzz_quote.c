/* Quotes, the chains in them and the extensions in those. Nothing that a fuzzer makes is genuine.
 */
#include <stdlib.h>

#include "harness/cof_verify.h"
#include "relying/verify/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_checks checks;
    const cof_view bytes = cof_view_of(data, size);
    cof_quote quote = {0};
    cof_facts facts = {0};
    cof_pck pck = {0};
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    checks = (cof_checks){0};
    if (cof_quote_parse(bytes, &quote, NULL) == COF_OK) {
        const bool is_whole = cof_pem_chain_parse(quote.chain, &chain, NULL) == COF_OK;
        if (is_whole != (chain.certificates[2] != NULL)) {
            abort();
        }
    }
    if (cof_pck_parse(bytes, &pck, NULL) == COF_OK && pck.sgx_type > 2) {
        abort();
    }
    const cof_status status =
        verify_quote(bytes, &cof_root_intel, 1, 1798761600, &facts, &checks, NULL);
    if (status == COF_OK || cof_checks_all_ok(&checks)) {
        abort();
    }
    return 0;
}
