/* Quotes of versions 3, 4 and 5: what was written is read, and whatever does not fit is refused. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_test.h"
#include "relying/verify/intel/quote.h"
#include "rig/intel_rig.h"

static intel_rig rigs[INTEL_RIG_FORM_COUNT];

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < INTEL_RIG_FORM_COUNT; i++) {
        assert_ok(intel_rig_make(&rigs[i], &(intel_rig_options){.form = (intel_rig_form)i}, NULL));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < INTEL_RIG_FORM_COUNT; i++) {
        intel_rig_free(&rigs[i]);
    }
    return 0;
}

static const uint16_t versions[INTEL_RIG_FORM_COUNT] = {3, 4, 5, 4, 5, 5};
static const size_t signed_sizes[INTEL_RIG_FORM_COUNT] = {432, 432, 438, 632, 638, 702};

static bool is_tdx(int form)
{
    return form >= INTEL_RIG_TDX_V4;
}

static cof_status parse(cof_view bytes)
{
    cof_quote quote = {0};
    cof_err err = {0};
    const cof_status status = cof_quote_parse(bytes, &quote, &err);
    assert_true(status == COF_OK || err.status == status);
    assert_true(status != COF_OK || quote.quote_bytes.data == bytes.data);
    assert_true(status == COF_OK || quote.quote_bytes.data == NULL);
    return status;
}

static void expect(cof_view bytes, cof_status expected, const char *what, int form)
{
    const cof_status status = parse(bytes);
    if (status != expected) {
        fail_msg("form %d, %s: %s, expected %s", form, what, cof_status_describe(status)->name,
                 cof_status_describe(expected)->name);
    }
}

/* Fields, not padding: both are compared member by member. */
static void assert_same_report(const cof_sgx_report *a, const cof_sgx_report *b)
{
    assert_memory_equal(a->cpu_svn, b->cpu_svn, sizeof a->cpu_svn);
    assert_int_equal(a->misc_select, b->misc_select);
    assert_memory_equal(a->isv_ext_prod_id, b->isv_ext_prod_id, sizeof a->isv_ext_prod_id);
    assert_true(a->flags == b->flags);
    assert_true(a->xfrm == b->xfrm);
    assert_memory_equal(a->mrenclave, b->mrenclave, sizeof a->mrenclave);
    assert_memory_equal(a->mrsigner, b->mrsigner, sizeof a->mrsigner);
    assert_memory_equal(a->config_id, b->config_id, sizeof a->config_id);
    assert_int_equal(a->isv_prod_id, b->isv_prod_id);
    assert_int_equal(a->isv_svn, b->isv_svn);
    assert_int_equal(a->config_svn, b->config_svn);
    assert_memory_equal(a->isv_family_id, b->isv_family_id, sizeof a->isv_family_id);
    assert_memory_equal(a->report_data, b->report_data, sizeof a->report_data);
}

static void assert_same_td(const cof_td_report *a, const cof_td_report *b)
{
    assert_int_equal(a->is_1_5, b->is_1_5);
    assert_memory_equal(a->tee_tcb_svn, b->tee_tcb_svn, sizeof a->tee_tcb_svn);
    assert_memory_equal(a->mrseam, b->mrseam, sizeof a->mrseam);
    assert_memory_equal(a->mrsignerseam, b->mrsignerseam, sizeof a->mrsignerseam);
    assert_true(a->seam_attributes == b->seam_attributes);
    assert_true(a->td_attributes == b->td_attributes);
    assert_true(a->xfam == b->xfam);
    assert_memory_equal(a->mrtd, b->mrtd, sizeof a->mrtd);
    assert_memory_equal(a->mrconfigid, b->mrconfigid, sizeof a->mrconfigid);
    assert_memory_equal(a->mrowner, b->mrowner, sizeof a->mrowner);
    assert_memory_equal(a->mrownerconfig, b->mrownerconfig, sizeof a->mrownerconfig);
    assert_memory_equal(a->rtmr, b->rtmr, sizeof a->rtmr);
    assert_memory_equal(a->report_data, b->report_data, sizeof a->report_data);
    assert_memory_equal(a->tee_tcb_svn2, b->tee_tcb_svn2, sizeof a->tee_tcb_svn2);
    assert_memory_equal(a->mrservicetd, b->mrservicetd, sizeof a->mrservicetd);
}

static void every_field_of_every_form_is_read(void **state)
{
    (void)state;
    cof_prng prng = {.state = 1};
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        cof_sgx_report body;
        cof_sgx_report qe;
        cof_td_report td;
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        cof_prng_fill(&prng, &body, sizeof body);
        cof_prng_fill(&prng, &qe, sizeof qe);
        cof_prng_fill(&prng, &td, sizeof td);
        td.is_1_5 = form == INTEL_RIG_TDX_V5_1_5;
        if (!td.is_1_5) {
            memset(td.tee_tcb_svn2, 0, sizeof td.tee_tcb_svn2);
            memset(td.mrservicetd, 0, sizeof td.mrservicetd);
        }
        const intel_rig_options options = {
            .form = (intel_rig_form)form,
            .quote = {.body = &body, .td = &td, .qe_report = &qe, .keeps_qe_report_data = true}};
        assert_ok(intel_rig_quote_again(&rigs[form], &options, &bytes, NULL));
        cof_quote quote = {0};
        assert_ok(cof_quote_parse(cof_buf_view(&bytes), &quote, NULL));
        assert_int_equal(quote.kind, is_tdx(form) ? COF_QUOTE_TDX : COF_QUOTE_SGX);
        assert_int_equal(quote.version, versions[form]);
        if (is_tdx(form)) {
            assert_same_td(&quote.td, &td);
        } else {
            assert_same_report(&quote.body, &body);
        }
        assert_same_report(&quote.qe_report, &qe);
    }
}

/* What is written stands where Intel's structures have it. */
static void fields_stand_at_their_offsets(void **state)
{
    (void)state;
    const cof_td_report td = intel_rig_good_td(true);
    const cof_sgx_report body = intel_rig_good_body();
    assert_memory_equal(rigs[INTEL_RIG_SGX_V3].quote.data + 48 + 64, body.mrenclave, 32);
    assert_memory_equal(rigs[INTEL_RIG_SGX_V4].quote.data + 48 + 128, body.mrsigner, 32);
    assert_memory_equal(rigs[INTEL_RIG_SGX_V5].quote.data + 54 + 320, body.report_data, 64);
    assert_memory_equal(rigs[INTEL_RIG_TDX_V4].quote.data + 48 + 136, td.mrtd, 48);
    assert_memory_equal(rigs[INTEL_RIG_TDX_V5_1_0].quote.data + 54 + 520, td.report_data, 64);
    assert_memory_equal(rigs[INTEL_RIG_TDX_V5_1_5].quote.data + 54 + 472, td.rtmr[3], 48);
    assert_memory_equal(rigs[INTEL_RIG_TDX_V5_1_5].quote.data + 54 + 584, td.tee_tcb_svn2, 16);
}

static void signed_parts_and_signatures_are_those_that_were_made(void **state)
{
    (void)state;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const intel_rig *rig = &rigs[form];
        cof_quote quote = {0};
        assert_ok(cof_quote_parse(cof_buf_view(&rig->quote), &quote, NULL));
        assert_int_equal(quote.signed_bytes.size, signed_sizes[form]);
        assert_int_equal(quote.quote_bytes.size, rig->quote.size);
        assert_int_equal(quote.qe_svn, form == INTEL_RIG_SGX_V3 ? INTEL_RIG_QE_SVN : 0);
        assert_int_equal(quote.pce_svn, form == INTEL_RIG_SGX_V3 ? INTEL_RIG_PCE_SVN : 0);
        assert_ok(cof_ec_verify(rig->attestation, quote.signed_bytes, quote.signature, NULL));
        assert_ok(cof_ec_verify(rig->keys[INTEL_RIG_LEAF], quote.qe_report_bytes,
                                quote.qe_signature, NULL));
        uint8_t point[COF_EC_RAW_SIZE];
        assert_ok(cof_ec_to_point(rig->attestation, point, NULL));
        assert_memory_equal(quote.attestation_key, point, sizeof point);
        assert_int_equal(quote.qe_auth.size, 32);
        const size_t leaf_size = rig->pem[INTEL_RIG_LEAF].size;
        assert_int_equal(quote.chain.size,
                         leaf_size + rig->pem[INTEL_RIG_CA].size + rig->pem[INTEL_RIG_ROOT].size);
        assert_memory_equal(quote.chain.data, rig->pem[INTEL_RIG_LEAF].data, leaf_size);
    }
}

/* Do two quotes say the same? What is not in one of these was checked to be what it must be. */
static bool says_the_same(const cof_quote *a, const cof_quote *b)
{
    return cof_view_equal(a->signed_bytes, b->signed_bytes) &&
           cof_view_equal(a->qe_report_bytes, b->qe_report_bytes) &&
           cof_view_equal(a->qe_auth, b->qe_auth) && cof_view_equal(a->chain, b->chain) &&
           memcmp(a->signature, b->signature, sizeof a->signature) == 0 &&
           memcmp(a->attestation_key, b->attestation_key, sizeof a->attestation_key) == 0 &&
           memcmp(a->qe_signature, b->qe_signature, sizeof a->qe_signature) == 0;
}

static void no_bit_changes_unnoticed(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        cof_quote before = {0};
        assert_ok(cof_quote_parse(good, &before, NULL));
        memcpy(bytes, good.data, good.size);
        for (size_t bit = 0; bit < good.size * 8; bit++) {
            cof_quote after = {0};
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (cof_quote_parse(cof_view_of(bytes, good.size), &after, NULL) == COF_OK &&
                says_the_same(&before, &after)) {
                fail_msg("form %d, byte %zu, bit %zu", form, bit / 8, bit % 8);
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void a_quote_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        for (size_t size = 0; size < good.size; size++) {
            expect(cof_view_of(good.data, size), COF_E_TRUNCATED, "truncated", form);
        }
    }
}

static void only_zeros_may_follow_and_not_too_many(void **state)
{
    (void)state;
    static uint8_t bytes[32 * 1024];
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, good.data, good.size);
        const size_t most = good.size + COF_QUOTE_PADDING_MAX;
        cof_quote quote = {0};
        assert_ok(cof_quote_parse(cof_view_of(bytes, most), &quote, NULL));
        assert_int_equal(quote.quote_bytes.size, good.size);
        expect(cof_view_of(bytes, good.size + 1), COF_OK, "one zero", form);
        expect(cof_view_of(bytes, most + 1), COF_E_TRAILING_BYTES, "too many zeros", form);
        bytes[most - 1] = 1;
        expect(cof_view_of(bytes, most), COF_E_TRAILING_BYTES, "a one at the end", form);
        bytes[most - 1] = 0;
        bytes[good.size] = 0x80;
        expect(cof_view_of(bytes, good.size + 1), COF_E_TRAILING_BYTES, "a byte", form);
    }
}

static void a_quote_over_the_limit_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[64 * 1024 + 1];
    memcpy(bytes, rigs[0].quote.data, rigs[0].quote.size);
    expect(cof_view_of(bytes, sizeof bytes), COF_E_LIMIT, "64 KiB and one byte", 0);
}

/* One byte set, in one form: what the parser answers. */
typedef struct setting {
    intel_rig_form form;
    size_t at;
    uint8_t value;
    cof_status expected;
} setting;

static const setting settings[] = {
    /* versions */
    {INTEL_RIG_SGX_V3, 0, 2, COF_E_BAD_VERSION},
    {INTEL_RIG_SGX_V3, 0, 0, COF_E_BAD_VERSION},
    {INTEL_RIG_TDX_V5_1_5, 0, 6, COF_E_BAD_VERSION},
    {INTEL_RIG_TDX_V4, 1, 1, COF_E_BAD_VERSION},
    /* a TD report, or a wrapped QE report, where the version has none */
    {INTEL_RIG_TDX_V4, 0, 3, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_0, 0, 3, COF_E_UNSUPPORTED},
    {INTEL_RIG_SGX_V4, 0, 3, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V3, 4, 0x81, COF_E_UNSUPPORTED},
    /* key types */
    {INTEL_RIG_SGX_V3, 2, 3, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V4, 2, 3, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_5, 3, 1, COF_E_UNSUPPORTED},
    /* TEE types */
    {INTEL_RIG_SGX_V4, 4, 1, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V4, 4, 0x80, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V4, 5, 1, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_5, 7, 0x80, COF_E_UNSUPPORTED},
    /* reserved in the header: QE SVN and PCE SVN only in version 3 */
    {INTEL_RIG_SGX_V3, 8, 9, COF_OK},
    {INTEL_RIG_SGX_V3, 11, 9, COF_OK},
    {INTEL_RIG_SGX_V4, 8, 9, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V4, 9, 9, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_0, 10, 9, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_5, 11, 9, COF_E_BAD_FORMAT},
    /* vendor id */
    {INTEL_RIG_SGX_V5, 12, 0, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V4, 27, 0, COF_E_BAD_FORMAT},
    /* body types, and the TEE type that they go with */
    {INTEL_RIG_SGX_V5, 48, 0, COF_E_UNSUPPORTED},
    {INTEL_RIG_SGX_V5, 48, 2, COF_E_UNSUPPORTED},
    {INTEL_RIG_SGX_V5, 48, 3, COF_E_UNSUPPORTED},
    {INTEL_RIG_SGX_V5, 49, 1, COF_E_UNSUPPORTED},
    {INTEL_RIG_SGX_V5, 4, 0x81, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_0, 48, 1, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_0, 48, 3, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_0, 4, 0, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_5, 48, 2, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_5, 48, 4, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_5, 49, 1, COF_E_UNSUPPORTED},
    /* body sizes */
    {INTEL_RIG_SGX_V5, 50, 0x81, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_0, 50, 0x49, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_5, 53, 0x80, COF_E_BAD_FORMAT},
    /* reserved in the enclave's report */
    {INTEL_RIG_SGX_V4, 48 + 20, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V5, 54 + 31, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V5, 54 + 96, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V5, 54 + 191, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V5, 54 + 262, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_SGX_V5, 54 + 303, 1, COF_E_BAD_FORMAT},
    /* what is not reserved may have any value */
    {INTEL_RIG_SGX_V5, 54 + 304, 1, COF_OK},
    {INTEL_RIG_TDX_V4, 48 + 112, 1, COF_OK},
    {INTEL_RIG_TDX_V4, 48 + 120, 0xff, COF_OK},
    /* certification data: type 6 outside, type 5 inside */
    {INTEL_RIG_SGX_V4, 436 + 128, 5, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V4, 636 + 128, 5, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V4, 636 + 129, 1, COF_E_UNSUPPORTED},
    {INTEL_RIG_TDX_V5_1_5, 706 + 128, 7, COF_E_UNSUPPORTED},
    /* reserved in the QE report, wrapped */
    {INTEL_RIG_TDX_V4, 636 + 134 + 20, 1, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V5_1_5, 706 + 134 + 303, 1, COF_E_BAD_FORMAT},
    /* authentication data over the limit */
    {INTEL_RIG_TDX_V4, 636 + 134 + 448, 65, COF_E_BAD_FORMAT},
    {INTEL_RIG_TDX_V4, 636 + 134 + 449, 1, COF_E_BAD_FORMAT},
};

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const setting *change = &settings[i];
        const cof_view good = cof_buf_view(&rigs[change->form].quote);
        char what[64];
        memcpy(bytes, good.data, good.size);
        assert_int_not_equal(bytes[change->at], change->value);
        bytes[change->at] = change->value;
        (void)snprintf(what, sizeof what, "byte %zu = 0x%02x", change->at, change->value);
        expect(cof_view_of(bytes, good.size), change->expected, what, (int)change->form);
    }
}

static void only_a_chain_is_taken_as_certification_data(void **state)
{
    (void)state;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        for (uint16_t type = 1; type < 9; type++) {
            COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
            const intel_rig_options options = {.form = (intel_rig_form)form,
                                               .quote = {.certification_type = type}};
            assert_ok(intel_rig_quote_again(&rigs[form], &options, &bytes, NULL));
            expect(cof_buf_view(&bytes), type == 5 ? COF_OK : COF_E_UNSUPPORTED, "type", form);
        }
    }
}

/* Where the sizes stand: of the signature data, of what is wrapped, of the authentication data (16
 * bits), of the chain. */
static void size_places(int form, size_t out[static 4])
{
    const size_t start = signed_sizes[form];
    const size_t wrap = versions[form] == 3 ? 0 : 6;
    out[0] = start;
    out[1] = wrap == 0 ? start : start + 4 + 128 + 2;
    out[2] = start + 4 + 128 + wrap + 448;
    out[3] = out[2] + 2 + 32 + 2;
}

static void a_size_that_lies_is_refused(void **state)
{
    (void)state;
    static const int64_t changes[] = {1, -1, 2, -2, 64, -64, 1 << 16, INT64_C(1) << 31};
    uint8_t bytes[16 * 1024];
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        size_t places[4];
        size_places(form, places);
        for (size_t i = 0; i < 4; i++) {
            const size_t width = i == 2 ? 2 : 4;
            for (size_t j = 0; j < sizeof changes / sizeof changes[0]; j++) {
                uint32_t size = 0;
                memcpy(bytes, good.data, good.size);
                memcpy(&size, bytes + places[i], width);
                size += (uint32_t)changes[j];
                memcpy(bytes + places[i], &size, width);
                if (memcmp(bytes, good.data, good.size) == 0) {
                    continue; /* a change beyond 16 bits */
                }
                if (parse(cof_view_of(bytes, good.size)) == COF_OK) {
                    fail_msg("form %d, size %zu changed by %lld", form, i, (long long)changes[j]);
                }
            }
        }
    }
}

static void sizes_that_agree_on_less_leave_bytes_over(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024];
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        size_t places[4];
        size_places(form, places);
        memcpy(bytes, good.data, good.size);
        /* Outer sizes one short: the NUL after the chain is then outside, as padding. */
        for (size_t i = 0; i < 4; i++) {
            uint32_t size = 0;
            memcpy(&size, bytes + places[i], 4);
            size--;
            if (i != 2 && (i != 1 || places[1] != places[0])) {
                memcpy(bytes + places[i], &size, 4);
            }
        }
        expect(cof_view_of(bytes, good.size), COF_OK, "a chain without its NUL", form);
        /* The chain's size alone as before: there is not as much. */
        memcpy(bytes + places[3], good.data + places[3], 4);
        expect(cof_view_of(bytes, good.size), COF_E_TRUNCATED, "chain over the end", form);
    }
}

/* Bytes that the signature data has and that nothing in it uses. */
static void bytes_left_over_in_the_signature_data_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[16 * 1024] = {0};
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        const cof_view good = cof_buf_view(&rigs[form].quote);
        size_t places[4];
        size_places(form, places);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, good.data, good.size);
        for (size_t i = 0; i < 2; i++) {
            uint32_t size = 0;
            memcpy(&size, bytes + places[i], 4);
            size++;
            memcpy(bytes + places[i], &size, 4);
            /* First after what is wrapped, or the chain; then inside, after the chain. */
            expect(cof_view_of(bytes, good.size + 1 + i), COF_E_TRAILING_BYTES, "left over", form);
            if (places[1] == places[0]) {
                break;
            }
        }
    }
}

static void authentication_data_may_be_empty_or_of_64_bytes(void **state)
{
    (void)state;
    static const uint8_t auth[65] = {7};
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        intel_rig_options options = {.form = (intel_rig_form)form};
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        cof_quote quote = {0};
        options.quote.qe_auth = cof_view_of(auth, 64);
        assert_ok(intel_rig_quote_again(&rigs[form], &options, &bytes, NULL));
        assert_ok(cof_quote_parse(cof_buf_view(&bytes), &quote, NULL));
        assert_memory_equal(quote.qe_auth.data, auth, 64);
        options.quote.qe_auth = cof_view_of(auth, 65);
        assert_ok(intel_rig_quote_again(&rigs[form], &options, &bytes, NULL));
        expect(cof_buf_view(&bytes), COF_E_BAD_FORMAT, "65 bytes", form);
        options.quote.has_no_qe_auth = true;
        assert_ok(intel_rig_quote_again(&rigs[form], &options, &bytes, NULL));
        assert_ok(cof_quote_parse(cof_buf_view(&bytes), &quote, NULL));
        assert_int_equal(quote.qe_auth.size, 0);
    }
}

static void a_chain_ends_in_one_nul_or_none_and_has_none_inside(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        bool has_no_nul;
        cof_status expected;
    } chains[] = {
        {"PEM", 3, false, COF_OK},
        {"PEM", 3, true, COF_OK},
        {"PEM\0", 4, false, COF_E_BAD_FORMAT},
        {"P\0EM", 4, false, COF_E_BAD_FORMAT},
        {"\0PEM", 4, true, COF_E_BAD_FORMAT},
        {"", 0, false, COF_E_BAD_FORMAT},
        {"", 0, true, COF_E_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
        const intel_rig_options options = {
            .form = INTEL_RIG_TDX_V4,
            .quote = {.chain = cof_view_of(chains[i].text, chains[i].size),
                      .has_no_nul = chains[i].has_no_nul}};
        assert_ok(intel_rig_quote_again(&rigs[INTEL_RIG_TDX_V4], &options, &bytes, NULL));
        cof_quote quote = {0};
        assert_int_equal(cof_quote_parse(cof_buf_view(&bytes), &quote, NULL), chains[i].expected);
        if (chains[i].expected == COF_OK) {
            assert_view_text(quote.chain, "PEM");
        }
    }
}

static void open_enclaves_header_is_taken_off(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    const intel_rig_options options = {.quote = {.is_open_enclave = true}};
    assert_ok(intel_rig_quote_again(&rigs[0], &options, &bytes, NULL));
    cof_view inner = {0};
    assert_ok(cof_open_enclave_unwrap(cof_buf_view(&bytes), &inner, NULL));
    assert_int_equal(inner.size, bytes.size - 16);
    assert_ptr_equal(inner.data, bytes.data + 16);
    expect(inner, COF_OK, "inside", 0);
    expect(cof_buf_view(&bytes), COF_E_BAD_VERSION, "the header is no quote", 0);
}

static void an_open_enclave_header_must_fit_exactly(void **state)
{
    (void)state;
    static const struct {
        uint8_t header[16];
        size_t size;
        cof_status expected;
    } cases[] = {
        {{1, 0, 0, 0, 2, 0, 0, 0, 4}, 20, COF_OK},
        {{1, 0, 0, 0, 2, 0, 0, 0, 0}, 16, COF_OK},
        {{1, 0, 0, 0, 2, 0, 0, 0, 4}, 21, COF_E_TRAILING_BYTES},
        {{1, 0, 0, 0, 2, 0, 0, 0, 4}, 19, COF_E_TRUNCATED},
        {{1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1}, 20, COF_E_TRUNCATED},
        {{1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0x80}, 20, COF_E_TRUNCATED},
        {{1, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, 20, COF_E_TRUNCATED},
        {{1, 0, 0, 0, 2, 0, 0, 0, 4}, 15, COF_E_TRUNCATED},
        {{0}, 0, COF_E_TRUNCATED},
        {{2, 0, 0, 0, 2, 0, 0, 0, 4}, 20, COF_E_BAD_VERSION},
        {{1, 0, 0, 1, 2, 0, 0, 0, 4}, 20, COF_E_BAD_VERSION},
        {{1, 0, 0, 0, 1, 0, 0, 0, 4}, 20, COF_E_UNSUPPORTED},
        {{1, 0, 0, 0, 3, 0, 0, 0, 4}, 20, COF_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[32] = {0};
        memcpy(bytes, cases[i].header, 16);
        cof_view inner = {0};
        const cof_status status =
            cof_open_enclave_unwrap(cof_view_of(bytes, cases[i].size), &inner, NULL);
        if (status != cases[i].expected) {
            fail_msg("case %zu: %s", i, cof_status_describe(status)->name);
        }
        assert_true(status == COF_OK || inner.data == NULL);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_form_is_read),
        cmocka_unit_test(fields_stand_at_their_offsets),
        cmocka_unit_test(signed_parts_and_signatures_are_those_that_were_made),
        cmocka_unit_test(no_bit_changes_unnoticed),
        cmocka_unit_test(a_quote_truncated_anywhere_is_refused),
        cmocka_unit_test(only_zeros_may_follow_and_not_too_many),
        cmocka_unit_test(a_quote_over_the_limit_is_refused),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(only_a_chain_is_taken_as_certification_data),
        cmocka_unit_test(a_size_that_lies_is_refused),
        cmocka_unit_test(sizes_that_agree_on_less_leave_bytes_over),
        cmocka_unit_test(bytes_left_over_in_the_signature_data_are_refused),
        cmocka_unit_test(authentication_data_may_be_empty_or_of_64_bytes),
        cmocka_unit_test(a_chain_ends_in_one_nul_or_none_and_has_none_inside),
        cmocka_unit_test(open_enclaves_header_is_taken_off),
        cmocka_unit_test(an_open_enclave_header_must_fit_exactly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
