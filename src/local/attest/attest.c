#include "local/attest/attest.h"

#include <string.h>

#include "local/attest/attest_internal.h"
#include "local/attest/freshness_file.h"

cof_status cof_attest_open(const cof_attest_options *options, cof_attest **out, cof_err *err)
{
    COF_CLEANUP(cof_attest_drop_) cof_attest *attest = calloc(1, sizeof *attest);
    if (attest == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation service");
    }
    if (options->root_count > COF_ATTEST_ROOTS_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d roots", COF_ATTEST_ROOTS_MAX);
    }
    attest->options = *options;
    for (size_t i = 0; i < options->root_count; i++) {
        attest->roots[i] = options->roots[i];
    }
    attest->options.roots = attest->roots;
    COF_TRY(cof_state_make_folder(options->state, "attest", err));
    COF_TRY(cof_attest_signer_open(options->state, &attest->signer, err));
    COF_TRY(cof_attest_policies_open(options->state, &attest->policies, err));
    COF_TRY(cof_attest_signers_open(options->state, &attest->signers, err));
    COF_TRY(cof_attest_freshness_open(options->state, &attest->seen, err));
    *out = cof_attest_take(&attest);
    return COF_OK;
}

const char *cof_attest_issuer(const cof_attest *attest)
{
    return cof_state_base(attest->options.state);
}

const cof_jwks *cof_attest_keys(const cof_attest *attest)
{
    return cof_attest_signer_keys(attest->signer);
}

cof_status cof_attest_serve(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    COF_TRY(cof_attest_serve_evidence(attest, server, err));
    COF_TRY(cof_attest_serve_policies(attest, server, err));
    COF_TRY(cof_attest_serve_certificates(attest, server, err));
    return cof_attest_serve_metadata(attest, server, err);
}

void cof_attest_free(cof_attest *attest)
{
    if (attest != NULL) {
        cof_attest_signer_free(attest->signer);
        cof_attest_policies_free(attest->policies);
        cof_attest_signers_free(attest->signers);
        cof_attest_warm_free(&attest->warm);
        free(attest->seen);
        free(attest);
    }
}
