/* What runs on the platform: one function for each thing that an owner may demand of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/policy/judge.h"
#include "tcb/wire/text.h"

enum { HEX_SIZE = 2 * COF_REPORT_DATA_SIZE + 1 };

/* One value that must be equal. */
static cof_status judge_value(const char *name, const uint8_t *expected, const uint8_t *actual,
                              size_t size, cof_checks *checks, cof_err *err)
{
    char wanted[HEX_SIZE];
    char found[HEX_SIZE];
    cof_hex_text(cof_view_of(expected, size), wanted);
    cof_hex_text(cof_view_of(actual, size), found);
    if (!cof_check_add(checks, name, memcmp(expected, actual, size) == 0, wanted, "%s", found)) {
        return COF_FAIL(err, MEASUREMENT_REFUSED, "%s %.24s..., expected %.24s...", name, found,
                        wanted);
    }
    return COF_OK;
}

/* One claim that must hold. */
static cof_status judge_claim(const char *name, bool is_ok, const char *expected,
                              const char *actual, cof_checks *checks, cof_err *err)
{
    return cof_check_add(checks, name, is_ok, expected, "%s", actual)
               ? COF_OK
               : COF_FAIL(err, MEASUREMENT_REFUSED, "%s: %s, expected %s", name, actual, expected);
}

static cof_status judge_measurement(const cof_accept *entry, const uint8_t *measurement,
                                    cof_checks *checks, cof_err *err)
{
    const size_t size = cof_accept_measurement_size(entry->tee);
    const bool is_ok = cof_accept_has_measurement(entry, measurement, size);
    char actual[HEX_SIZE];
    char first[HEX_SIZE] = "none";
    cof_hex_text(cof_view_of(measurement, size), actual);
    if (entry->measurement_count > 0) {
        cof_hex_text(cof_view_of(entry->measurements[0], size), first);
    }
    if (!cof_check_add(checks, "policy.measurement", is_ok, is_ok ? actual : first, "%s", actual)) {
        return COF_FAIL(err, MEASUREMENT_REFUSED,
                        "measurement %.24s...; %zu accepted, such as "
                        "%.24s...",
                        actual, entry->measurement_count, first);
    }
    return COF_OK;
}

static cof_status judge_sgx(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                            cof_err *err)
{
    char expected[32];
    char actual[32];
    if (!entry->has_signer) {
        return judge_measurement(entry, facts->sgx.mrenclave, checks, err);
    }
    COF_TRY(judge_value("policy.signer", entry->signer, facts->sgx.mrsigner, sizeof entry->signer,
                        checks, err));
    (void)snprintf(expected, sizeof expected, "%u", entry->product);
    (void)snprintf(actual, sizeof actual, "%u", facts->sgx.isv_prod_id);
    COF_TRY(judge_claim("policy.product", facts->sgx.isv_prod_id == entry->product, expected,
                        actual, checks, err));
    (void)snprintf(expected, sizeof expected, "at least %u", entry->minimum_svn);
    (void)snprintf(actual, sizeof actual, "%u", facts->sgx.isv_svn);
    return judge_claim("policy.svn", facts->sgx.isv_svn >= entry->minimum_svn, expected, actual,
                       checks, err);
}

static cof_status judge_td_attributes(const cof_facts *facts, cof_checks *checks, cof_err *err)
{
    static const uint8_t none[48] = {0};
    const bool is_migratable = (facts->td.td_attributes & COF_TD_ATTRIBUTE_MIGRATABLE) != 0 ||
                               memcmp(facts->td.mrservicetd, none, sizeof none) != 0;
    return judge_claim("policy.migration", !is_migratable, "not migratable, no service TD",
                       is_migratable ? "migratable, or bound to a service TD" : "neither", checks,
                       err);
}

static cof_status judge_tdx(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                            cof_err *err)
{
    COF_TRY(judge_td_attributes(facts, checks, err));
    COF_TRY(judge_measurement(entry, facts->td.mrtd, checks, err));
    for (unsigned i = 0; i < 4; i++) {
        if ((entry->rtmr_mask >> i & 1U) != 0) {
            char name[COF_CHECK_NAME_SIZE];
            (void)snprintf(name, sizeof name, "policy.rtmr%u", i);
            COF_TRY(judge_value(name, entry->rtmrs[i], facts->td.rtmr[i], sizeof entry->rtmrs[i],
                                checks, err));
        }
    }
    return COF_OK;
}

static cof_status judge_snp_platform(const cof_facts *facts, cof_checks *checks, cof_err *err)
{
    char vmpl[16];
    const bool may_migrate = (facts->snp.policy & COF_SNP_POLICY_MIGRATE_MA) != 0;
    (void)snprintf(vmpl, sizeof vmpl, "%" PRIu32, facts->snp.vmpl);
    COF_TRY(judge_claim("policy.vmpl", facts->snp.vmpl == 0, "0", vmpl, checks, err));
    return judge_claim("policy.migration", !may_migrate, "no migration agent",
                       may_migrate ? "a migration agent is allowed" : "no migration agent", checks,
                       err);
}

static cof_status judge_minimum_tcb(const cof_facts *facts, const cof_accept *entry,
                                    cof_checks *checks, cof_err *err)
{
    const cof_snp_tcb *low = &entry->minimum_tcb;
    const cof_snp_tcb tcb = cof_snp_tcb_of(facts->snp.reported_tcb, facts->snp.product);
    const bool is_ok = tcb.fmc >= low->fmc && tcb.bootloader >= low->bootloader &&
                       tcb.tee >= low->tee && tcb.snp >= low->snp &&
                       tcb.microcode >= low->microcode;
    char expected[COF_CHECK_TEXT_SIZE];
    (void)snprintf(expected, sizeof expected,
                   "at least fmc %u, bootloader %u, tee %u, snp %u, microcode %u", low->fmc,
                   low->bootloader, low->tee, low->snp, low->microcode);
    if (!cof_check_add(checks, "policy.tcb", is_ok, expected,
                       "fmc %u, bootloader %u, tee %u, snp %u, microcode %u", tcb.fmc,
                       tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode)) {
        return COF_FAIL(err, TCB_REFUSED, "reported TCB below the minimum");
    }
    return COF_OK;
}

static cof_status judge_id_key(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                               cof_err *err)
{
    for (size_t i = 0; i < entry->id_key_count; i++) {
        if (memcmp(entry->id_keys[i], facts->snp.id_key_digest, sizeof entry->id_keys[i]) == 0) {
            return judge_value("policy.id_key", entry->id_keys[i], facts->snp.id_key_digest,
                               sizeof entry->id_keys[i], checks, err);
        }
    }
    return judge_value("policy.id_key", entry->id_keys[0], facts->snp.id_key_digest,
                       sizeof entry->id_keys[0], checks, err);
}

static cof_status judge_snp(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                            cof_err *err)
{
    COF_TRY(judge_snp_platform(facts, checks, err));
    if (entry->has_minimum_tcb) {
        COF_TRY(judge_minimum_tcb(facts, entry, checks, err));
    }
    COF_TRY(judge_measurement(entry, facts->snp.measurement, checks, err));
    if (entry->has_host_data) {
        COF_TRY(judge_value("policy.host_data", entry->host_data, facts->snp.host_data,
                            sizeof entry->host_data, checks, err));
    }
    return entry->id_key_count > 0 ? judge_id_key(facts, entry, checks, err) : COF_OK;
}

static cof_status judge_azure(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                              cof_err *err)
{
    const cof_hcl_claims *claims = &facts->azure.claims;
    const bool is_snp = facts->hardware == COF_TEE_SEV_SNP;
    COF_TRY(is_snp ? judge_snp_platform(facts, checks, err)
                   : judge_td_attributes(facts, checks, err));
    COF_TRY(
        judge_measurement(entry, is_snp ? facts->snp.measurement : facts->td.mrtd, checks, err));
    cof_checks_from(checks, "HCL claims");
    COF_TRY(judge_claim("policy.secure_boot", claims->is_secure_boot, "on",
                        claims->is_secure_boot ? "on" : "off", checks, err));
    COF_TRY(judge_claim("policy.console", !claims->is_console_enabled || entry->allows_console,
                        entry->allows_console ? "on or off" : "off",
                        claims->is_console_enabled ? "on" : "off", checks, err));
    cof_checks_from(checks, "TPM quote");
    for (unsigned i = 0; i < COF_PCR_COUNT; i++) {
        if ((entry->pcrs.mask >> i & 1U) == 0) {
            continue;
        }
        char name[COF_CHECK_NAME_SIZE];
        (void)snprintf(name, sizeof name, "policy.pcr%u", i);
        if ((facts->azure.pcrs.mask >> i & 1U) == 0) {
            COF_TRY(judge_claim(name, false, "quoted", "not quoted", checks, err));
        }
        COF_TRY(judge_value(name, entry->pcrs.values[i].bytes, facts->azure.pcrs.values[i].bytes,
                            COF_DIGEST_SIZE, checks, err));
    }
    return COF_OK;
}

cof_status cof_judge_identity(const cof_facts *facts, const cof_accept *entry, cof_checks *checks,
                              cof_err *err)
{
    switch (facts->tee) {
    case COF_TEE_SIMULATED:
    case COF_TEE_SGX:
        cof_checks_from(checks, "quote");
        return judge_sgx(facts, entry, checks, err);
    case COF_TEE_TDX:
        cof_checks_from(checks, "quote");
        return judge_tdx(facts, entry, checks, err);
    case COF_TEE_SEV_SNP:
        cof_checks_from(checks, "report");
        return judge_snp(facts, entry, checks, err);
    case COF_TEE_AZURE_CVM:
        cof_checks_from(checks, "hardware report");
        return judge_azure(facts, entry, checks, err);
    case COF_TEE_NONE:
        break;
    }
    return COF_FAIL(err, PLATFORM_REFUSED, "no platform");
}
