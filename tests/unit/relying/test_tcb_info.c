/* TCB info and QE identity: cut out of their bytes exactly, and read strictly. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/intel/tcb_info.h"
#include "rig/intel_rig.h"
#include "tcb/wire/json.h"

enum { TEXT_MAX = 512 * 1024 };

/* The documents of an SGX and of a TDX platform, and TCB info of version 2. */
typedef enum platform { SGX, TDX, SGX_V2, WHICH_COUNT } platform;

static intel_rig rigs[WHICH_COUNT];
static cof_tcb_info info;
static cof_qe_identity identity;

static int set_up(void **state)
{
    (void)state;
    assert_ok(intel_rig_make(&rigs[SGX], &(intel_rig_options){0}, NULL));
    assert_ok(intel_rig_make(&rigs[TDX], &(intel_rig_options){.form = INTEL_RIG_TDX_V5_1_5}, NULL));
    assert_ok(intel_rig_make(&rigs[SGX_V2],
                             &(intel_rig_options){.tcb = {.document = {.version = 2}}}, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < WHICH_COUNT; i++) {
        intel_rig_free(&rigs[i]);
    }
    return 0;
}

static cof_view tcb_text(platform which)
{
    return cof_collateral_view(&rigs[which].collateral, COF_COLLATERAL_TCB_INFO);
}

static cof_view qe_text(platform which)
{
    return cof_collateral_view(&rigs[which].collateral, COF_COLLATERAL_QE_IDENTITY);
}

static cof_view body_of(cof_view text, const char *member)
{
    cof_signed_json cut = {0};
    assert_ok(cof_signed_json_cut(text, member, &cut, NULL));
    return cut.body;
}

static cof_status read_tcb(cof_view body)
{
    cof_err err = {0};
    const cof_status status = cof_tcb_info_parse(body, &info, &err);
    assert_true(status == COF_OK || err.status == status);
    return status;
}

static cof_status read_qe(cof_view body)
{
    cof_err err = {0};
    const cof_status status = cof_qe_identity_parse(body, &identity, &err);
    assert_true(status == COF_OK || err.status == status);
    return status;
}

/* text with the first find replaced, which must be there. */
static void replaced(cof_view text, const char *find, const char *replace, cof_buf *out)
{
    cof_buf_free(out);
    cof_buf_init(out, TEXT_MAX);
    const uint8_t *at = memmem(text.data, text.size, find, strlen(find));
    if (at == NULL) {
        fail_msg("nothing to replace: %s", find);
        return;
    }
    const size_t before = (size_t)(at - text.data);
    const size_t after = before + strlen(find);
    assert_ok(cof_buf_append(out, cof_view_of(text.data, before), NULL));
    assert_ok(cof_buf_append_text(out, replace, NULL));
    assert_ok(cof_buf_append(out, cof_view_of(text.data + after, text.size - after), NULL));
}

/* --- cutting --- */

static void the_signature_covers_exactly_what_is_cut_out(void **state)
{
    (void)state;
    for (platform i = 0; i < WHICH_COUNT; i++) {
        const cof_ec_key *signer = rigs[i].keys[INTEL_RIG_SIGNER];
        cof_signed_json cut = {0};
        assert_ok(cof_signed_json_cut(tcb_text(i), "tcbInfo", &cut, NULL));
        assert_ok(cof_ec_verify(signer, cut.body, cut.signature, NULL));
        assert_ok(cof_signed_json_cut(qe_text(i), "enclaveIdentity", &cut, NULL));
        assert_ok(cof_ec_verify(signer, cut.body, cut.signature, NULL));
    }
}

#define ZEROS_16  "0000000000000000"
#define ZEROS_128 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
#define SIGNATURE "\"signature\":\"" ZEROS_128 "\""

typedef struct cut_case {
    const char *text;
    const char *body; /* NULL: refused */
    cof_status expected;
} cut_case;

static const cut_case cut_cases[] = {
    {"{\"m\":{}," SIGNATURE "}", "{}", COF_OK},
    {"{" SIGNATURE ",\"m\":{\"a\":1}}", "{\"a\":1}", COF_OK},
    {" \t\r\n{ \"m\" :\n{ \"a\" : [ 1 , {} ] }\t, " SIGNATURE " } \n", "{ \"a\" : [ 1 , {} ] }",
     COF_OK},
    /* brackets, quotes and the member's own name inside texts are only text */
    {"{\"m\":{\"a\":\"}\\\"}\",\"b\":\"\\\\\"}," SIGNATURE "}", "{\"a\":\"}\\\"}\",\"b\":\"\\\\\"}",
     COF_OK},
    {"{\"m\":{\"m\":{\"x\":[\"]\",\"\\\"m\\\":{}\"]}}," SIGNATURE "}",
     "{\"m\":{\"x\":[\"]\",\"\\\"m\\\":{}\"]}}", COF_OK},
    {"{\"m\":{\"signature\":\"x\"}," SIGNATURE "}", "{\"signature\":\"x\"}", COF_OK},
    /* a member written with escapes */
    {"{\"\\u006d\":{}," SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"\\u0073ignature\":\"" ZEROS_128 "\"}", "{}", COF_OK},
    /* other members, or not all, or one twice */
    {"{\"m\":{}," SIGNATURE ",\"x\":1}", NULL, COF_E_BAD_FORMAT},
    {"{\"M\":{}," SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"{" SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{}}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"m\":{}," SIGNATURE "}", NULL, COF_E_BAD_JSON},
    {"{\"m\":{},\"\\u006d\":{\"a\":1}," SIGNATURE "}", NULL, COF_E_BAD_JSON},
    {"{\"m\":{}," SIGNATURE "," SIGNATURE "}", NULL, COF_E_BAD_JSON},
    {"{\"m\":{\"a\":1,\"a\":1}," SIGNATURE "}", NULL, COF_E_BAD_JSON},
    /* other types */
    {"{\"m\":[]," SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":\"{}\"," SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":null," SIGNATURE "}", NULL, COF_E_BAD_FORMAT},
    {"[{\"m\":{}," SIGNATURE "}]", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"signature\":0}", NULL, COF_E_BAD_FORMAT},
    /* signatures of other sizes, or not of hex */
    {"{\"m\":{},\"signature\":\"\"}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"signature\":\"" ZEROS_16 "\"}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"signature\":\"00" ZEROS_128 "\"}", NULL, COF_E_BAD_FORMAT},
    {"{\"m\":{},\"signature\":\" " ZEROS_128 "\"}", NULL, COF_E_BAD_FORMAT},
    /* no JSON, or more */
    {"", NULL, COF_E_BAD_JSON},
    {"{", NULL, COF_E_BAD_JSON},
    {"{\"m\":{}," SIGNATURE, NULL, COF_E_BAD_JSON},
    {"{\"m\":{}," SIGNATURE "}}", NULL, COF_E_BAD_JSON},
    {"{\"m\":{}," SIGNATURE "} {}", NULL, COF_E_BAD_JSON},
    {"{\"m\":{},," SIGNATURE "}", NULL, COF_E_BAD_JSON},
    {"\xef\xbb\xbf{\"m\":{}," SIGNATURE "}", NULL, COF_E_BAD_JSON},
};

static void only_the_two_members_are_taken_and_the_body_as_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cut_cases / sizeof cut_cases[0]; i++) {
        const cut_case *one = &cut_cases[i];
        cof_signed_json cut = {0};
        const cof_status status = cof_signed_json_cut(cof_view_text(one->text), "m", &cut, NULL);
        if (status != one->expected) {
            fail_msg("%s: %s", one->text, cof_status_describe(status)->name);
        }
        if (one->body != NULL) {
            assert_view_text(cut.body, one->body);
        } else {
            assert_null(cut.body.data);
        }
    }
}

static void a_document_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    const cof_view text = tcb_text(TDX);
    cof_signed_json cut = {0};
    for (size_t size = 0; size < text.size; size++) {
        assert_status(cof_signed_json_cut(cof_view_of(text.data, size), "tcbInfo", &cut, NULL),
                      BAD_JSON);
    }
}

static void white_space_put_into_a_signed_document_is_covered(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_signed_json cut = {0};
    replaced(tcb_text(SGX), "\"version\":3", "\"version\": 3", &text);
    assert_ok(cof_signed_json_cut(cof_buf_view(&text), "tcbInfo", &cut, NULL));
    assert_status(cof_ec_verify(rigs[SGX].keys[INTEL_RIG_SIGNER], cut.body, cut.signature, NULL),
                  BAD_SIGNATURE);
}

static void a_document_over_the_limit_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_COLLATERAL_ITEM_MAX + 1};
    uint8_t *place = NULL;
    cof_signed_json cut = {0};
    assert_ok(cof_buf_extend(&text, COF_COLLATERAL_ITEM_MAX + 1, &place, NULL));
    memset(place, ' ', text.size);
    assert_status(cof_signed_json_cut(cof_buf_view(&text), "tcbInfo", &cut, NULL), LIMIT);
    assert_status(read_tcb(cof_buf_view(&text)), LIMIT);
    assert_status(read_qe(cof_buf_view(&text)), LIMIT);
}

/* --- good documents --- */

static void sgx_tcb_info_is_read_in_both_versions(void **state)
{
    (void)state;
    for (platform i = SGX; i < WHICH_COUNT; i = i == SGX ? SGX_V2 : WHICH_COUNT) {
        assert_ok(read_tcb(body_of(tcb_text(i), "tcbInfo")));
        assert_false(info.is_tdx);
        assert_int_equal(info.version, i == SGX ? 3 : 2);
        assert_int_equal(info.issued_unix_s, 1797760800);
        assert_int_equal(info.next_update_unix_s, 1800352800);
        assert_memory_equal(info.fmspc, intel_rig_fmspc, 6);
        assert_memory_equal(info.pce_id, "\0\0", 2);
        assert_int_equal(info.evaluation_number, INTEL_RIG_EVALUATION);
        assert_int_equal(info.module_count, 0);
        assert_int_equal(info.level_count, 2);
        assert_memory_equal(info.levels[0].sgx, intel_rig_components, 16);
        assert_int_equal(info.levels[0].tdx[0], 0);
        assert_int_equal(info.levels[0].pce_svn, INTEL_RIG_PCE_SVN);
        assert_int_equal(info.levels[0].status, COF_TCB_UP_TO_DATE);
        assert_int_equal(info.levels[0].date_unix_s, 1778630400);
        assert_int_equal(info.levels[0].advisories.count, 0);
        assert_int_equal(info.levels[1].status, COF_TCB_OUT_OF_DATE);
        assert_int_equal(info.levels[1].sgx[15], 0);
        assert_int_equal(info.levels[1].sgx[7], 2);
        assert_int_equal(info.levels[1].advisories.count, 2);
        assert_true(cof_advisories_has(&info.levels[1].advisories, "INTEL-SA-01079"));
    }
}

static void tdx_tcb_info_is_read_with_its_modules(void **state)
{
    (void)state;
    uint8_t signer[48] = {1, 2, 3};
    static const intel_rig_svn_level levels[] = {{.isv_svn = 65535},
                                                 {.isv_svn = 0, .status = "Revoked"}};
    const intel_rig_module modules[] = {{.id = "TDX_FF",
                                         .mrsigner = signer,
                                         .attributes = UINT64_C(0x0123456789abcdef),
                                         .attributes_mask = UINT64_C(0x8000000000000001),
                                         .levels = levels,
                                         .level_count = 2},
                                        {.id = "TDX_0A", .levels = levels, .level_count = 1}};
    const intel_rig_options options = {
        .form = INTEL_RIG_TDX_V4,
        .tcb = {.modules = modules, .module_count = 2, .module_attributes = 256}};
    intel_rig rig;
    assert_ok(intel_rig_make(&rig, &options, NULL));
    assert_ok(read_tcb(
        body_of(cof_collateral_view(&rig.collateral, COF_COLLATERAL_TCB_INFO), "tcbInfo")));
    intel_rig_free(&rig);
    assert_true(info.is_tdx);
    assert_int_equal(info.level_count, 2);
    assert_int_equal(info.levels[0].tdx[2], 3);
    assert_int_equal(info.levels[1].tdx[0], 3);
    assert_int_equal(info.module_count, 3);
    assert_int_equal(info.modules[0].version, 0);
    assert_int_equal(info.modules[0].level_count, 0);
    assert_true(info.modules[0].attributes == 256);
    assert_true(info.modules[0].attributes_mask == UINT64_MAX);
    assert_int_equal(info.modules[1].version, 255);
    assert_memory_equal(info.modules[1].mrsigner, signer, 48);
    assert_true(info.modules[1].attributes == UINT64_C(0x0123456789abcdef));
    assert_true(info.modules[1].attributes_mask == UINT64_C(0x8000000000000001));
    assert_int_equal(info.modules[1].level_count, 2);
    assert_int_equal(info.modules[1].levels[0].isv_svn, 65535);
    assert_int_equal(info.modules[1].levels[1].isv_svn, 0);
    assert_int_equal(info.modules[1].levels[1].status, COF_TCB_REVOKED);
    assert_int_equal(info.modules[2].version, 10);
}

static void a_qe_identity_is_read(void **state)
{
    (void)state;
    assert_ok(read_qe(body_of(qe_text(SGX), "enclaveIdentity")));
    assert_int_equal(identity.id, COF_QE_SGX);
    assert_int_equal(identity.isv_prod_id, 1);
    assert_ok(read_qe(body_of(qe_text(TDX), "enclaveIdentity")));
    assert_int_equal(identity.id, COF_QE_TDX);
    assert_int_equal(identity.issued_unix_s, 1797760800);
    assert_int_equal(identity.next_update_unix_s, 1800352800);
    assert_int_equal(identity.evaluation_number, INTEL_RIG_EVALUATION);
    assert_int_equal(identity.misc_select, 0);
    assert_true(identity.misc_select_mask == UINT32_MAX);
    assert_int_equal(identity.attributes[0], 0x11);
    assert_int_equal(identity.attributes_mask[0], 0xfb);
    assert_int_equal(identity.attributes_mask[8], 0);
    assert_memory_equal(identity.mrsigner, intel_rig_qe_mrsigner, 32);
    assert_int_equal(identity.isv_prod_id, 2);
    assert_int_equal(identity.level_count, 2);
    assert_int_equal(identity.levels[0].isv_svn, INTEL_RIG_QE_SVN);
    assert_int_equal(identity.levels[1].status, COF_TCB_OUT_OF_DATE);
    assert_true(cof_advisories_has(&identity.levels[1].advisories, "INTEL-SA-00615"));
}

static void the_identity_of_the_verifying_enclave_is_told_apart(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    replaced(body_of(qe_text(SGX), "enclaveIdentity"), "\"QE\"", "\"QVE\"", &text);
    assert_ok(read_qe(cof_buf_view(&text)));
    assert_int_equal(identity.id, COF_QE_VERIFIER);
}

/* Bytes of MISCSELECT in the document are in the order of the structure in memory. */
static void misc_select_is_little_endian(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    replaced(body_of(qe_text(SGX), "enclaveIdentity"), "\"miscselect\":\"00000000\"",
             "\"miscselect\":\"01020384\"", &text);
    assert_ok(read_qe(cof_buf_view(&text)));
    assert_true(identity.misc_select == 0x84030201);
}

/* --- what is refused --- */

typedef struct change {
    const char *find;
    const char *replace;
    cof_status expected;
} change;

static const change tcb_changes[] = {
    {"\"version\":3", "\"version\":1", COF_E_BAD_VERSION},
    {"\"version\":3", "\"version\":4", COF_E_BAD_VERSION},
    {"\"version\":3", "\"version\":0", COF_E_BAD_VERSION},
    {"\"version\":3", "\"version\":2", COF_E_BAD_FORMAT},
    {"\"version\":3", "\"version\":3.0", COF_E_BAD_FORMAT},
    {"\"version\":3", "\"version\":3e0", COF_E_BAD_FORMAT},
    {"\"version\":3", "\"version\":-1", COF_E_BAD_FORMAT},
    {"\"version\":3", "\"version\":\"3\"", COF_E_BAD_FORMAT},
    {"\"version\":3", "\"version\":10000000000000000000000000000000000", COF_E_BAD_JSON},
    {"\"version\":3", "\"version\":03", COF_E_BAD_JSON},
    {"\"version\":3", "\"version\":+3", COF_E_BAD_JSON},
    {"\"version\":3", "\"version\":3,\"version\":3", COF_E_BAD_JSON},
    {"\"version\":3", "\"Version\":3", COF_E_BAD_FORMAT},
    {"\"id\":\"TDX\"", "\"id\":\"SGX\"", COF_E_BAD_FORMAT}, /* with TDX modules */
    {"\"id\":\"TDX\"", "\"id\":\"tdx\"", COF_E_BAD_FORMAT},
    {"\"id\":\"TDX\"", "\"id\":\"TD_QE\"", COF_E_BAD_FORMAT},
    {"\"id\":\"TDX\"", "\"id\":\"\"", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":1", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":-0", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":0.0", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":false", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":null", COF_E_BAD_FORMAT},
    {"\"fmspc\":\"00806F050000\"", "\"fmspc\":\"00806f050000\"", COF_OK},
    {"\"fmspc\":\"00806F050000\"", "\"fmspc\":\"00806F05000\"", COF_E_BAD_FORMAT},
    {"\"fmspc\":\"00806F050000\"", "\"fmspc\":\"00806F05000000\"", COF_E_BAD_FORMAT},
    {"\"fmspc\":\"00806F050000\"", "\"fmspc\":\"0x806F050000\"", COF_E_BAD_FORMAT},
    {"\"fmspc\":\"00806F050000\"", "\"fmspc\":90610000", COF_E_BAD_FORMAT},
    {"\"pceId\":\"0000\"", "\"pceId\":\"000000\"", COF_E_BAD_FORMAT},
    {"\"pceId\":\"0000\"", "\"pceId\":\"\"", COF_E_BAD_FORMAT},
    {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":0", COF_OK},
    {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":4294967295", COF_OK},
    {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":4294967296", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2026-12-20T10:00:00+00:00", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2026-16-20T10:00:00Z", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2026-12\\u002d20T10:00:00Z", COF_OK},
    {"2026-12-20T10:00:00Z", "2026-12-20T10:00:00Z ", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2026-12-\\n0T10:00:00Z", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2027-01-19T10:00:00Z", COF_OK},
    {"2026-12-20T10:00:00Z", "2027-01-19T10:00:01Z", COF_E_BAD_FORMAT}, /* after nextUpdate */
    {"\"pcesvn\":13", "\"pcesvn\":65535", COF_OK},
    {"\"pcesvn\":13", "\"pcesvn\":65536", COF_E_BAD_FORMAT},
    {"\"pcesvn\":13", "\"pcesvn\":-1", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "{\"svn\":256}", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "{\"svn\":-1}", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "{\"svn\":\"255\"}", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "255", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "{\"svn\":255},{\"svn\":0}", COF_E_BAD_FORMAT}, /* 17 of them */
    {"{\"svn\":255},", "", COF_E_BAD_FORMAT},                         /* 15 */
    {"{\"svn\":255}", "{\"svn\":255,\"category\":\"x\",\"type\":\"y\"}", COF_OK},
    {"{\"svn\":255}", "{\"svn\":255,\"type\":\"a\\\"b\\\\\"}", COF_OK},
    {"{\"svn\":255}", "{\"svn\":255,\"category\":1}", COF_E_BAD_FORMAT},
    {"{\"svn\":255}", "{\"svn\":255,\"sort\":\"x\"}", COF_E_BAD_FORMAT},
    /* the first status is a module's */
    {"\"UpToDate\"", "\"SWHardeningNeeded\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_00\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_0a\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_3\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_003\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_0G\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_ 3\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX-03\"", COF_E_BAD_FORMAT},
    {"\"TDX_03\"", "\"TDX_01\"", COF_E_BAD_FORMAT},         /* twice */
    {"{\"isvsvn\":5}", "{\"isvsvn\":3}", COF_E_BAD_FORMAT}, /* not above the next */
    {"{\"isvsvn\":5}", "{\"isvsvn\":2}", COF_E_BAD_FORMAT},
    {"{\"isvsvn\":5}", "{\"isvsvn\":65536}", COF_E_BAD_FORMAT},
    {"\"INTEL-SA-01099\"", "\"intel-sa-01099\"", COF_E_BAD_FORMAT},
    {"\"INTEL-SA-01099\"", "\"\"", COF_E_LIMIT},
    {"\"INTEL-SA-01099\"", "1099", COF_E_BAD_FORMAT},
    {"[\"INTEL-SA-01099\"]", "[]", COF_OK},
    {"[\"INTEL-SA-01099\"]", "\"INTEL-SA-01099\"", COF_E_BAD_FORMAT},
    {"\"attributesMask\":\"FFFFFFFFFFFFFFFF\"", "\"attributesMask\":\"FFFFFFFF\"",
     COF_E_BAD_FORMAT},
    {"\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":[7,", COF_E_BAD_FORMAT},
    {"{\"id\"", "[{\"id\"", COF_E_BAD_JSON},
};

static void apply(const change *changes, size_t count, cof_view body,
                  cof_status (*read)(cof_view body))
{
    for (size_t i = 0; i < count; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        replaced(body, changes[i].find, changes[i].replace, &text);
        const cof_status status = read(cof_buf_view(&text));
        if (status != changes[i].expected) {
            fail_msg("%s -> %s: %s, expected %s", changes[i].find, changes[i].replace,
                     cof_status_describe(status)->name,
                     cof_status_describe(changes[i].expected)->name);
        }
    }
}

static void tcb_info_with_a_wrong_value_is_refused(void **state)
{
    (void)state;
    apply(tcb_changes, sizeof tcb_changes / sizeof tcb_changes[0],
          body_of(tcb_text(TDX), "tcbInfo"), read_tcb);
}

static const change old_tcb_changes[] = {
    {"\"version\":2", "\"version\":1", COF_E_BAD_VERSION},
    {"\"version\":2", "\"version\":3", COF_E_BAD_FORMAT}, /* without id */
    {"\"version\":2", "\"id\":\"SGX\",\"version\":2", COF_E_BAD_FORMAT},
    {"\"version\":2", "\"version\":2.234", COF_E_BAD_FORMAT},
    {"\"sgxtcbcomp05svn\":255", "\"sgxtcbcomp05svn\":257", COF_E_BAD_FORMAT},
    {"\"sgxtcbcomp05svn\":255", "\"sgxtcbcomp17svn\":255", COF_E_BAD_FORMAT},
    {"\"sgxtcbcomp05svn\":255,", "", COF_E_BAD_FORMAT},
    {"\"pcesvn\":13", "\"pcesvn\":65537", COF_E_BAD_FORMAT},
    {"\"pceId\":\"0000\",", "", COF_E_BAD_FORMAT},
};

static void tcb_info_of_version_2_with_a_wrong_value_is_refused(void **state)
{
    (void)state;
    apply(old_tcb_changes, sizeof old_tcb_changes / sizeof old_tcb_changes[0],
          body_of(tcb_text(SGX_V2), "tcbInfo"), read_tcb);
}

static const change sgx_tcb_changes[] = {
    {"\"id\":\"SGX\"", "\"id\":\"TDX\"", COF_E_BAD_FORMAT}, /* without modules */
    {"\"tcbType\":0", "\"tcbType\":0,\"tdxModule\":{}", COF_E_BAD_FORMAT},
    {"\"tcbType\":0", "\"tcbType\":0,\"tdxModuleIdentities\":[]", COF_E_BAD_FORMAT},
    {"\"pcesvn\":13", "\"pcesvn\":13,\"tdxtcbcomponents\":[]", COF_E_BAD_FORMAT},
    {"\"pcesvn\":13", "\"pcesvn\":13,\"sgxtcbcomp01svn\":11", COF_E_BAD_FORMAT},
};

static void sgx_tcb_info_with_members_of_other_kinds_is_refused(void **state)
{
    (void)state;
    apply(sgx_tcb_changes, sizeof sgx_tcb_changes / sizeof sgx_tcb_changes[0],
          body_of(tcb_text(SGX), "tcbInfo"), read_tcb);
}

static const change qe_changes[] = {
    {"\"version\":2", "\"version\":1", COF_E_BAD_VERSION},
    {"\"version\":2", "\"version\":3", COF_E_BAD_VERSION},
    {"\"version\":2", "\"version\":2.0", COF_E_BAD_FORMAT},
    {"\"id\":\"TD_QE\"", "\"id\":\"TDQE\"", COF_E_BAD_FORMAT},
    {"\"id\":\"TD_QE\"", "\"id\":\"TDX\"", COF_E_BAD_FORMAT},
    {"\"id\":\"TD_QE\"", "\"id\":\"QE2\"", COF_E_BAD_FORMAT},
    {"\"miscselect\":\"00000000\"", "\"miscselect\":\"0000000\"", COF_E_BAD_FORMAT},
    {"\"miscselect\":\"00000000\"", "\"miscselect\":0", COF_E_BAD_FORMAT},
    {"\"miscselectMask\":\"FFFFFFFF\"", "\"miscselectMask\":\"FFFFFFFFFF\"", COF_E_BAD_FORMAT},
    {"\"attributes\":\"11", "\"attributes\":\"", COF_E_BAD_FORMAT},
    {"\"attributesMask\":\"FB", "\"attributesMask\":\"FBFF", COF_E_BAD_FORMAT},
    {"\"mrsigner\":\"8C", "\"mrsigner\":\"", COF_E_BAD_FORMAT},
    {"\"isvprodid\":2", "\"isvprodid\":65536", COF_E_BAD_FORMAT},
    {"\"isvprodid\":2", "\"isvprodid\":65535", COF_OK},
    {"{\"isvsvn\":8}", "{\"isvsvn\":6}", COF_E_BAD_FORMAT},
    {"{\"isvsvn\":8}", "{\"isvsvn\":7}", COF_OK},
    {"\"UpToDate\"", "\"Uptodate\"", COF_E_BAD_FORMAT},
    {"\"UpToDate\"", "\"ConfigurationNeeded\"", COF_E_BAD_FORMAT},
    {"\"UpToDate\"", "\"Revoked\"", COF_OK},
    {"\"tcbDate\":\"2026-05-13T00:00:00Z\"", "\"tcbDate\":\"2026-05-13\"", COF_E_BAD_FORMAT},
    {"2026-12-20T10:00:00Z", "2028-12-20T10:00:00Z", COF_E_BAD_FORMAT},
    {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":-17", COF_E_BAD_FORMAT},
};

static void a_qe_identity_with_a_wrong_value_is_refused(void **state)
{
    (void)state;
    apply(qe_changes, sizeof qe_changes / sizeof qe_changes[0],
          body_of(qe_text(TDX), "enclaveIdentity"), read_qe);
}

/* --- every member of every object --- */

typedef enum mutation_kind {
    REMOVE,
    DOUBLE,
    NULL_VALUE,
    TRUE_VALUE,
    EMPTY_LIST,
    TEXT,
    MUTATIONS
} mutation_kind;

/* What the walk over a document has found at the place where it changes something. */
typedef struct member_walk {
    size_t left; /* members to go before the one to change */
    mutation_kind mutation;
    const char *key; /* of the member that was changed; NULL: there are no more */
} member_walk;

static json_t *mutated(mutation_kind mutation)
{
    switch (mutation) {
    case NULL_VALUE:
        return json_null();
    case TRUE_VALUE:
        return json_true();
    case EMPTY_LIST:
        return json_array();
    case REMOVE:
    case DOUBLE:
    case TEXT:
    case MUTATIONS:
        break;
    }
    return json_string("~");
}

static bool change_one(json_t *value, member_walk *walk)
{
    const char *key = NULL;
    json_t *member = NULL;
    size_t i = 0;
    if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            if (change_one(member, walk)) {
                return true;
            }
        }
        return false;
    }
    json_object_foreach(value, key, member)
    {
        if (walk->left-- == 0) {
            walk->key = key;
            if (walk->mutation == REMOVE) {
                static char name[64];
                (void)snprintf(name, sizeof name, "%s", key);
                walk->key = name;
                assert_int_equal(json_object_del(value, name), 0);
            } else if (walk->mutation == DOUBLE) {
                assert_int_equal(json_object_set_new(value, "another", json_integer(1)), 0);
            } else {
                assert_int_equal(json_object_set_new(value, key, mutated(walk->mutation)), 0);
            }
            return true;
        }
        if (change_one(member, walk)) {
            return true;
        }
    }
    return false;
}

/* Members that may be absent, or hold any text, or an empty list. */
static bool is_allowed(const member_walk *walk)
{
    const bool is_comment = strcmp(walk->key, "category") == 0 || strcmp(walk->key, "type") == 0;
    const bool is_list =
        strcmp(walk->key, "advisoryIDs") == 0 || strcmp(walk->key, "tdxModuleIdentities") == 0;
    switch (walk->mutation) {
    case REMOVE:
        return is_comment || is_list;
    case TEXT:
        return is_comment;
    case EMPTY_LIST:
        return is_list;
    case DOUBLE:
    case NULL_VALUE:
    case TRUE_VALUE:
    case MUTATIONS:
        break;
    }
    return false;
}

static void change_each(cof_view body, cof_status (*read)(cof_view body), size_t at_least)
{
    size_t count = 0;
    for (mutation_kind kind = REMOVE; kind < MUTATIONS; kind++) {
        for (size_t at = 0;; at++) {
            COF_JSON json_t *document = NULL;
            COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = TEXT_MAX};
            assert_ok(cof_json_parse(body, TEXT_MAX, &document, NULL));
            member_walk walk = {.left = at, .mutation = kind};
            if (!change_one(document, &walk)) {
                break;
            }
            assert_ok(cof_json_print(document, &text, NULL));
            const cof_status status = read(cof_buf_view(&text));
            if ((status == COF_OK) != is_allowed(&walk)) {
                fail_msg("member %zu (%s), change %d: %s", at, walk.key, (int)kind,
                         cof_status_describe(status)->name);
            }
            count++;
        }
    }
    assert_true(count >= at_least);
}

static void every_member_must_be_there_once_and_of_its_type_and_no_other(void **state)
{
    (void)state;
    change_each(body_of(tcb_text(SGX), "tcbInfo"), read_tcb, MUTATIONS * 40);
    change_each(body_of(tcb_text(TDX), "tcbInfo"), read_tcb, MUTATIONS * 100);
    change_each(body_of(tcb_text(SGX_V2), "tcbInfo"), read_tcb, MUTATIONS * 40);
    change_each(body_of(qe_text(SGX), "enclaveIdentity"), read_qe, MUTATIONS * 20);
}

static void only_objects_are_documents(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[]", "7", "\"tcbInfo\"", "null", "{}", "{} {}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_not_equal(read_tcb(cof_view_text(texts[i])), COF_OK);
        assert_int_not_equal(read_qe(cof_view_text(texts[i])), COF_OK);
    }
    /* One is not taken for the other. */
    assert_int_not_equal(read_tcb(body_of(qe_text(SGX), "enclaveIdentity")), COF_OK);
    assert_int_not_equal(read_qe(body_of(tcb_text(SGX), "tcbInfo")), COF_OK);
}

static void nothing_is_written_on_failure(void **state)
{
    (void)state;
    static cof_tcb_info untouched;
    memset(&info, 0x5a, sizeof info);
    memset(&untouched, 0x5a, sizeof untouched);
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    replaced(body_of(tcb_text(TDX), "tcbInfo"), "\"INTEL-SA-01079\"", "\"?\"", &text);
    assert_status(cof_tcb_info_parse(cof_buf_view(&text), &info, NULL), BAD_FORMAT);
    assert_memory_equal(&info, &untouched, sizeof info);
}

/* --- levels: statuses, order, limits --- */

static cof_status make_and_read(const intel_rig_options *options)
{
    intel_rig rig;
    assert_ok(intel_rig_make(&rig, options, NULL));
    const cof_status status =
        read_tcb(body_of(cof_collateral_view(&rig.collateral, COF_COLLATERAL_TCB_INFO), "tcbInfo"));
    const cof_status qe_status = read_qe(body_of(
        cof_collateral_view(&rig.collateral, COF_COLLATERAL_QE_IDENTITY), "enclaveIdentity"));
    intel_rig_free(&rig);
    return status == COF_OK ? qe_status : status;
}

static cof_status read_levels(const intel_rig_level *levels, size_t count)
{
    return make_and_read(&(intel_rig_options){.form = INTEL_RIG_TDX_V4,
                                              .tcb = {.levels = levels, .level_count = count}});
}

static void only_intels_ratings_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        cof_tcb_status status; /* UNRATED: refused */
    } cases[] = {
        {"UpToDate", COF_TCB_UP_TO_DATE},
        {"SWHardeningNeeded", COF_TCB_SW_HARDENING_NEEDED},
        {"ConfigurationNeeded", COF_TCB_CONFIGURATION_NEEDED},
        {"ConfigurationAndSWHardeningNeeded", COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED},
        {"OutOfDate", COF_TCB_OUT_OF_DATE},
        {"OutOfDateConfigurationNeeded", COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"Revoked", COF_TCB_REVOKED},
        {"TDRelaunchAdvised", COF_TCB_UNRATED},
        {"TDRelaunchAdvisedConfigurationNeeded", COF_TCB_UNRATED},
        {"Unrated", COF_TCB_UNRATED},
        {"NotSupported", COF_TCB_UNRATED},
        {"uptodate", COF_TCB_UNRATED},
        {"UpToDate ", COF_TCB_UNRATED},
        {"", COF_TCB_UNRATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const intel_rig_level level = {.status = cases[i].name};
        const cof_status status = read_levels(&level, 1);
        assert_int_equal(status, cases[i].status == COF_TCB_UNRATED ? COF_E_BAD_FORMAT : COF_OK);
        assert_true(status != COF_OK || info.levels[0].status == cases[i].status);
    }
}

static void levels_must_fall(void **state)
{
    (void)state;
    static const struct {
        intel_rig_level levels[3];
        cof_status expected;
    } cases[] = {
        {{{.pce_svn = 3}, {.pce_svn = 2}, {.pce_svn = 1}}, COF_OK},
        {{{.pce_svn = 3}, {.pce_svn = 1}, {.pce_svn = 2}}, COF_E_BAD_FORMAT},
        {{{.pce_svn = 3}, {.pce_svn = 3}, {.pce_svn = 1}}, COF_E_BAD_FORMAT},
        {{{.sgx = {2}}, {.sgx = {1}}, {.sgx = {0}}}, COF_OK},
        {{{.sgx = {1}}, {.sgx = {0}}, {.sgx = {1}}}, COF_E_BAD_FORMAT},
        /* neither asks for more than the other */
        {{{.sgx = {2, 1}}, {.sgx = {1, 2}}, {.sgx = {0, 0, 1}}}, COF_OK},
        {{{.sgx = {2, 1}}, {.sgx = {1, 2}}, {.sgx = {2, 2}}}, COF_E_BAD_FORMAT},
        {{{.sgx = {1}}, {.pce_svn = 1}, {.tdx = {1}}}, COF_OK},
        {{{.sgx = {1}}, {.pce_svn = 1}, {.sgx = {1}}}, COF_E_BAD_FORMAT},
        {{{.tdx = {5, 0, 3}}, {.tdx = {5, 0, 2}}, {.tdx = {4, 0, 2}}}, COF_OK},
        {{{.tdx = {5, 0, 2}}, {.tdx = {5, 0, 3}}, {.tdx = {4, 0, 2}}}, COF_E_BAD_FORMAT},
        {{[0] = {.sgx = {[15] = 1}}, [1] = {.tdx = {[15] = 1}}, [2] = {.pce_svn = 0}}, COF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cof_status status = read_levels(cases[i].levels, 3);
        if (status != cases[i].expected) {
            fail_msg("case %zu: %s", i, cof_status_describe(status)->name);
        }
    }
}

static void counts_have_limits(void **state)
{
    (void)state;
    static intel_rig_level levels[COF_TCB_LEVELS_MAX + 1];
    static intel_rig_svn_level svn_levels[COF_QE_LEVELS_MAX + 1];
    static intel_rig_module modules[COF_TDX_MODULES_MAX];
    static char ids[COF_TDX_MODULES_MAX][8];
    for (size_t i = 0; i <= COF_TCB_LEVELS_MAX; i++) {
        levels[i].pce_svn = (uint16_t)(1000 - i);
    }
    for (size_t i = 0; i <= COF_QE_LEVELS_MAX; i++) {
        svn_levels[i].isv_svn = (uint16_t)(1000 - i);
    }
    for (size_t i = 0; i < COF_TDX_MODULES_MAX; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "TDX_%02X", (unsigned)(i + 1));
        modules[i] = (intel_rig_module){
            .id = ids[i], .levels = svn_levels, .level_count = COF_TDX_MODULE_LEVELS_MAX};
    }
    intel_rig_options options = {
        .form = INTEL_RIG_TDX_V5_1_5,
        .tcb = {.levels = levels,
                .level_count = COF_TCB_LEVELS_MAX,
                .modules = modules,
                .module_count = COF_TDX_MODULES_MAX - 1},
        .identity = {.levels = svn_levels, .level_count = COF_QE_LEVELS_MAX}};
    assert_ok(make_and_read(&options));
    assert_int_equal(info.level_count, COF_TCB_LEVELS_MAX);
    assert_int_equal(info.module_count, COF_TDX_MODULES_MAX);
    assert_int_equal(identity.level_count, COF_QE_LEVELS_MAX);
    options.tcb.level_count++;
    assert_status(make_and_read(&options), LIMIT);
    options.tcb.level_count = 1;
    options.tcb.module_count++;
    assert_status(make_and_read(&options), LIMIT);
    options.tcb.module_count = 1;
    modules[0].level_count++;
    assert_status(make_and_read(&options), LIMIT);
    modules[0].level_count = 1;
    options.identity.level_count++;
    assert_status(make_and_read(&options), LIMIT);
    options.identity.level_count = 0;
    assert_status(make_and_read(&options), BAD_FORMAT);
    options.identity.level_count = 1;
    options.tcb.level_count = 0;
    assert_status(make_and_read(&options), BAD_FORMAT);
    options.tcb.level_count = 1;
    modules[0].level_count = 0;
    assert_status(make_and_read(&options), BAD_FORMAT);
}

static void advisories_have_a_limit_and_stand_once(void **state)
{
    (void)state;
    for (unsigned count = COF_ADVISORIES_MAX; count <= COF_ADVISORIES_MAX + 1; count++) {
        COF_CLEANUP(cof_buf_free) cof_buf list = {.limit = TEXT_MAX};
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        const char *list_text = NULL;
        assert_ok(cof_buf_append_text(&list, "\"INTEL-SA-01079\"", NULL));
        for (unsigned i = 0; i < count - 2; i++) {
            assert_ok(cof_buf_printf(&list, NULL, ",\"INTEL-SA-%05u\"", i));
        }
        assert_ok(cof_buf_text(&list, &list_text, NULL));
        /* In the level stands one more before these. */
        replaced(body_of(tcb_text(SGX), "tcbInfo"), "\"INTEL-SA-01079\"", list_text, &text);
        assert_int_equal(read_tcb(cof_buf_view(&text)),
                         count == COF_ADVISORIES_MAX ? COF_OK : COF_E_LIMIT);
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    replaced(body_of(tcb_text(SGX), "tcbInfo"), "\"INTEL-SA-01079\"", "\"INTEL-SA-01036\"", &text);
    assert_ok(read_tcb(cof_buf_view(&text)));
    assert_int_equal(info.levels[1].advisories.count, 1);
}

/* --- dates --- */

static void a_date_is_read_to_the_second(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"1972-02-29T23:59:59Z", 68255999},
        {"1999-12-31T23:59:59Z", 946684799},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2025-06-19T10:32:27Z", 1750329147},
        {"2027-01-01T00:00:00Z", INTEL_RIG_NOW},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"2049-12-31T23:59:59Z", INT64_C(2524607999)},
        {"2100-03-01T00:00:00Z", INT64_C(4107542400)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_s = -1;
        assert_ok(cof_time_parse(cof_view_text(cases[i].text), &unix_s, NULL));
        assert_int_equal(unix_s, cases[i].unix_s);
    }
}

static void a_date_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2025-06-19T10:32:27",
        "2025-06-19T10:32:27z",
        "2025-06-19t10:32:27Z",
        "2025-06-19 10:32:27Z",
        "2025-06-19T10:32:27.0Z",
        "2025-06-19T10:32:27+00:00",
        "2025-06-19T10:32:27ZZ",
        " 2025-06-19T10:32:27Z",
        "2025-6-19T10:32:27Z0",
        "2025/06/19T10:32:27Z",
        "-025-06-19T10:32:27Z",
        "+025-06-19T10:32:27Z",
        "2025-00-19T10:32:27Z",
        "2025-13-19T10:32:27Z",
        "2025-06-00T10:32:27Z",
        "2025-06-31T10:32:27Z",
        "2025-02-29T10:32:27Z",
        "2100-02-29T10:32:27Z",
        "2024-02-30T10:32:27Z",
        "2025-06-19T24:00:00Z",
        "2025-06-19T10:60:27Z",
        "2025-06-19T10:32:60Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2025-06-19T10:32:2\xb2Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t unix_s = -1;
        if (cof_time_parse(cof_view_text(texts[i]), &unix_s, NULL) != COF_E_BAD_FORMAT) {
            fail_msg("%s", texts[i]);
        }
        assert_int_equal(unix_s, -1);
    }
}

/* Each day has a day before it, through 400 years and all leap years in them. */
static void days_follow_each_other(void **state)
{
    (void)state;
    int64_t expected = 0;
    for (int year = 1970; year < 2370; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= 31; day++) {
                char text[64];
                int64_t unix_s = 0;
                (void)snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", year, month, day);
                if (cof_time_parse(cof_view_text(text), &unix_s, NULL) == COF_OK) {
                    assert_int_equal(unix_s, expected);
                    expected += INTEL_RIG_DAY_S;
                }
            }
        }
    }
    assert_int_equal(expected, INT64_C(146097) * INTEL_RIG_DAY_S);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_covers_exactly_what_is_cut_out),
        cmocka_unit_test(only_the_two_members_are_taken_and_the_body_as_it_stands),
        cmocka_unit_test(a_document_truncated_anywhere_is_refused),
        cmocka_unit_test(white_space_put_into_a_signed_document_is_covered),
        cmocka_unit_test(a_document_over_the_limit_is_refused),
        cmocka_unit_test(sgx_tcb_info_is_read_in_both_versions),
        cmocka_unit_test(tdx_tcb_info_is_read_with_its_modules),
        cmocka_unit_test(a_qe_identity_is_read),
        cmocka_unit_test(the_identity_of_the_verifying_enclave_is_told_apart),
        cmocka_unit_test(misc_select_is_little_endian),
        cmocka_unit_test(tcb_info_with_a_wrong_value_is_refused),
        cmocka_unit_test(tcb_info_of_version_2_with_a_wrong_value_is_refused),
        cmocka_unit_test(sgx_tcb_info_with_members_of_other_kinds_is_refused),
        cmocka_unit_test(a_qe_identity_with_a_wrong_value_is_refused),
        cmocka_unit_test(every_member_must_be_there_once_and_of_its_type_and_no_other),
        cmocka_unit_test(only_objects_are_documents),
        cmocka_unit_test(nothing_is_written_on_failure),
        cmocka_unit_test(only_intels_ratings_are_known),
        cmocka_unit_test(levels_must_fall),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(advisories_have_a_limit_and_stand_once),
        cmocka_unit_test(a_date_is_read_to_the_second),
        cmocka_unit_test(a_date_that_does_not_exist_is_refused),
        cmocka_unit_test(days_follow_each_other),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
