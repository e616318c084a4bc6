/* Claims of an SEV-SNP virtual machine. x-ms-compliance-status is not among them: it says that
 * Microsoft has approved the launch measurement, which only Microsoft can say. */
#include "local/attest/claims_internal.h"

cof_status cof_claims_of_snp(json_t *claims, const cof_facts *facts, cof_err *err)
{
    static const cof_claim_bytes bytes[] = {
        COF_CLAIM_BYTES("x-ms-sevsnpvm-authorkeydigest", cof_snp_report, author_key_digest),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-familyId", cof_snp_report, family_id),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-hostdata", cof_snp_report, host_data),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-idkeydigest", cof_snp_report, id_key_digest),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-imageId", cof_snp_report, image_id),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-launchmeasurement", cof_snp_report, measurement),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-reportdata", cof_snp_report, report_data),
        COF_CLAIM_BYTES("x-ms-sevsnpvm-reportid", cof_snp_report, report_id),
    };
    const cof_snp_report *snp = &facts->snp;
    if (snp->product == COF_SNP_NONE) {
        return COF_FAIL(err, INTERNAL, "a report of no product");
    }
    const cof_snp_tcb tcb = cof_snp_tcb_of(snp->reported_tcb, snp->product);
    const cof_claim_number numbers[] = {
        {"x-ms-sevsnpvm-bootloader-svn", tcb.bootloader},
        {"x-ms-sevsnpvm-guestsvn", snp->guest_svn},
        {"x-ms-sevsnpvm-microcode-svn", tcb.microcode},
        {"x-ms-sevsnpvm-snpfw-svn", tcb.snp},
        {"x-ms-sevsnpvm-tee-svn", tcb.tee},
        {"x-ms-sevsnpvm-vmpl", snp->vmpl},
    };
    const cof_claim_flag flags[] = {
        {"x-ms-sevsnpvm-is-debuggable", (snp->policy & COF_SNP_POLICY_DEBUG) != 0},
        {"x-ms-sevsnpvm-migration-allowed", (snp->policy & COF_SNP_POLICY_MIGRATE_MA) != 0},
        {"x-ms-sevsnpvm-smt-allowed", (snp->policy & COF_SNP_POLICY_SMT) != 0},
    };
    COF_TRY(cof_claims_text(claims, "x-ms-attestation-type", "sevsnpvm", err));
    COF_TRY(cof_claims_bytes(claims, snp, bytes, sizeof bytes / sizeof bytes[0], err));
    COF_TRY(cof_claims_numbers(claims, numbers, sizeof numbers / sizeof numbers[0], err));
    return cof_claims_flags(claims, flags, sizeof flags / sizeof flags[0], err);
}
