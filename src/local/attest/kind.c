#include "local/attest/kind.h"

#include <strings.h>

/* Permits every genuine enclave, and issues the claims by their old names too. */
static const char sgx_policy[] =
    "version= 1.1;\n"
    "configurationrules{\n"
    "\t=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"azuredefault\");\n"
    "};\n"
    "authorizationrules{\n"
    "\t=> permit();\n"
    "};\n"
    "issuancerules{\n"
    "\tc:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);\n"
    "\tc:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);\n"
    "};\n";

static const char vm_policy[] = "version= 1.0;\n"
                                "authorizationrules{\n"
                                "\t=> permit();\n"
                                "};\n"
                                "issuancerules{\n"
                                "};\n";

static const cof_attest_kind_row rows[COF_ATTEST_KINDS] = {
    [COF_ATTEST_SGX] = {"SgxEnclave", "sgx", "quote", sgx_policy},
    [COF_ATTEST_OPEN_ENCLAVE] = {"OpenEnclave", "sgx", "report", sgx_policy},
    [COF_ATTEST_SNP] = {"SevSnpVm", "sevsnpvm", "report", vm_policy},
    [COF_ATTEST_TDX] = {"TdxVm", "tdxvm", "quote", vm_policy},
    [COF_ATTEST_AZURE_GUEST] = {"AzureGuest", "azurevm", "AttestationInfo", vm_policy},
};

const cof_attest_kind_row *cof_attest_kind_of(cof_attest_kind kind)
{
    return &rows[kind];
}

bool cof_attest_kind_find(const char *name, cof_attest_kind *out)
{
    for (int i = 0; i < COF_ATTEST_KINDS; i++) {
        if (strcasecmp(name, rows[i].name) == 0) {
            *out = (cof_attest_kind)i;
            return true;
        }
    }
    return false;
}
