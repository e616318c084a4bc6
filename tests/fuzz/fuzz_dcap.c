/*
 * Verification of Intel evidence. The first byte of the input tells what the rest is:
 *
 *   0  evidence from outside: the pinned root (32 bytes), then quote and six items of collateral,
 *      each after its size (32 bits, little-endian). Checks and status agree, and collateral that
 *      was used before gives the same answer.
 *   1  changes to the header and body of a quote that is then signed rightly: the kind of quote,
 *      then place (16 bits, little-endian) and bits of up to six bytes. What verifies is as it must
 *      be.
 */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/intel/dcap.h"
#include "rig/intel_rig.h"
#include "tcb/wire/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_checks checks;
static cof_freshness seen;

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static cof_status verify(const cof_dcap_input *input, cof_facts *facts)
{
    cof_err err = {0};
    checks.count = 0;
    const cof_status status = cof_dcap_verify(input, facts, &checks, &err);
    require((status == COF_OK) == cof_checks_all_ok(&checks));
    require(!checks.is_overfull && (status == COF_OK || err.status == status));
    require(status == COF_OK || cof_status_describe(status)->category == COF_CATEGORY_ATTEST);
    return status;
}

static bool read_items(cof_reader *reader, cof_root_pin *pin, cof_view *quote,
                       cof_collateral *collateral)
{
    if (cof_read_copy(reader, pin->spki.bytes, sizeof pin->spki.bytes, NULL) != COF_OK) {
        return false;
    }
    for (int i = -1; i <= COF_COLLATERAL_PCK_CRL; i++) {
        uint32_t size = 0;
        cof_view bytes = {0};
        if (cof_read_u32le(reader, &size, NULL) != COF_OK ||
            cof_read_view(reader, size, &bytes, NULL) != COF_OK) {
            return false;
        }
        if (i < 0) {
            *quote = bytes;
        } else if (cof_collateral_set(collateral, (cof_collateral_item)i, bytes, NULL) != COF_OK) {
            return false;
        }
    }
    return true;
}

static void from_outside(cof_view bytes)
{
    static cof_facts facts;
    COF_CLEANUP(cof_collateral_free) cof_collateral collateral = {0};
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *opened = NULL;
    cof_root_pin pin = {.family = COF_ROOT_INTEL};
    cof_view quote = {0};
    cof_reader reader = cof_reader_of(bytes);
    if (!read_items(&reader, &pin, &quote, &collateral)) {
        return;
    }
    require(cof_intel_collateral_new(&collateral, &pin, &opened, NULL) == COF_OK);
    seen.count = 0;
    const cof_dcap_input input = {.quote = quote,
                                  .collateral = opened,
                                  .roots = &pin,
                                  .root_count = 1,
                                  .now_unix_s = INTEL_RIG_NOW,
                                  .seen = &seen};
    const cof_status status = verify(&input, &facts);
    require((seen.count == 0) == (status != COF_OK));
    require(verify(&input, &facts) == status);
}

/* Whatever of the header and the body was changed: what verifies keeps the rules. */
static void check_facts(const cof_facts *facts)
{
    static const uint8_t zeros[48];
    require(facts->tcb.status != COF_TCB_UNRATED);
    if (facts->tee == COF_TEE_TDX) {
        require((facts->td.td_attributes & 0xfe) == 0 && facts->td.seam_attributes == 0);
        require(memcmp(facts->td.mrsignerseam, zeros, sizeof zeros) == 0);
        require(facts->td.tee_tcb_svn[1] <= 3 && facts->td.tee_tcb_svn[2] >= 2);
        require(facts->is_debuggable == ((facts->td.td_attributes & 1) != 0));
    } else {
        require(facts->tee == COF_TEE_SGX && (facts->sgx.flags & COF_SGX_FLAG_INIT) != 0);
        require(facts->is_debuggable == ((facts->sgx.flags & COF_SGX_FLAG_DEBUG) != 0));
    }
}

/* Made once for each kind of evidence. */
typedef struct place {
    intel_rig rig;
    cof_intel_collateral *collateral;
} place;

static place *place_of(intel_rig_form form)
{
    static place places[2];
    place *found = &places[form >= INTEL_RIG_TDX_V4];
    if (found->collateral == NULL) {
        const intel_rig_options options = {.form = form};
        require(intel_rig_make(&found->rig, &options, NULL) == COF_OK);
        require(cof_intel_collateral_new(&found->rig.collateral, &found->rig.pin,
                                         &found->collateral, NULL) == COF_OK);
    }
    return found;
}

static void rightly_signed(cof_view bytes)
{
    static cof_facts facts;
    static cof_buf quote;
    if (bytes.size == 0) {
        return;
    }
    intel_rig_options options = {.form = (intel_rig_form)(bytes.data[0] % INTEL_RIG_FORM_COUNT)};
    const place *at = place_of(options.form);
    for (size_t i = 0; i < INTEL_RIG_EDITS_MAX && 1 + 3 * (i + 1) <= bytes.size; i++) {
        const uint8_t *change = bytes.data + 1 + 3 * i;
        const size_t where = change[0] + 256u * change[1];
        options.quote.patches[i] = (intel_rig_patch){.at = where % 432, .flip = change[2]};
    }
    require(intel_rig_quote_again(&at->rig, &options, &quote, NULL) == COF_OK);
    const cof_dcap_input input = {.quote = cof_buf_view(&quote),
                                  .collateral = at->collateral,
                                  .roots = &at->rig.pin,
                                  .root_count = 1,
                                  .now_unix_s = INTEL_RIG_NOW};
    if (verify(&input, &facts) == COF_OK) {
        check_facts(&facts);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const cof_view rest = cof_view_of(data + 1, size - 1);
    if (data[0] == 0) {
        from_outside(rest);
    } else {
        rightly_signed(rest);
    }
    return 0;
}
