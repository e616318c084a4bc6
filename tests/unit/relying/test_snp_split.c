/* How SNP evidence travels: a report with a certificate table, a message of the firmware, Azure's
 * JSON. */
#include "unit/relying/snp_case.h"

#include <stdio.h>
#include <string.h>

#include "tcb/wire/text.h"

enum { ROOM = 64 * 1024, ENTRY = 24 };

static amd_rig rig;
static amd_rig vlek_rig;

static int make_rigs(void **state)
{
    (void)state;
    const amd_rig_options vlek = {.signer = COF_SNP_VLEK};
    return amd_rig_make(&rig, &(amd_rig_options){0}, NULL) == COF_OK &&
                   amd_rig_make(&vlek_rig, &vlek, NULL) == COF_OK
               ? 0
               : 1;
}

static int free_rigs(void **state)
{
    (void)state;
    amd_rig_free(&rig);
    amd_rig_free(&vlek_rig);
    return 0;
}

/* --- the certificate table --- */

static const char vcek_guid[] = "63da758de6644564adc5f4b93be8accd";
static const char vlek_guid[] = "a8074bc2a25a483eaae639c045a0b8a1";
static const char ask_guid[] = "4ab7b379bbac4fe4a02f05aef327c782";
static const char ark_guid[] = "c0b406a4a803495297433fb6014cd0ae";
static const char other_guid[] = "92f81bc358114d3d97ffd19f88dc67ea";
static const char zero_guid[] = "00000000000000000000000000000000";

/* Evidence under construction: a report, and a table that is filled from both ends. */
typedef struct evidence {
    uint8_t bytes[ROOM];
    size_t entries;  /* so far */
    size_t data_end; /* of the certificates, from the table's start */
    bool is_efi;     /* GUIDs as EFI stores them */
} evidence;

static void begin(evidence *e, const amd_rig *from, size_t entries)
{
    *e = (evidence){.data_end = entries * ENTRY};
    memcpy(e->bytes, from->report.data, COF_SNP_REPORT_SIZE);
}

static uint8_t *entry_at(evidence *e, size_t index)
{
    return e->bytes + COF_SNP_REPORT_SIZE + index * ENTRY;
}

static void put_u32(uint8_t *at, size_t number)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

static void put_entry(evidence *e, const char *guid, size_t offset, size_t size)
{
    static const uint8_t efi[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t text[16];
    uint8_t *at = entry_at(e, e->entries++);
    assert_ok(cof_hex_decode(cof_view_text(guid), text, sizeof text, NULL));
    for (size_t i = 0; i < sizeof text; i++) {
        at[i] = text[e->is_efi ? efi[i] : i];
    }
    put_u32(at + 16, offset);
    put_u32(at + 20, size);
}

static void put_certificate(evidence *e, const char *guid, X509 *certificate)
{
    unsigned char *der = NULL;
    const int size = i2d_X509(certificate, &der);
    assert_true(size > 0);
    memcpy(e->bytes + COF_SNP_REPORT_SIZE + e->data_end, der, (size_t)size);
    put_entry(e, guid, e->data_end, (size_t)size);
    e->data_end += (size_t)size;
    OPENSSL_free(der);
}

static void put_all(evidence *e, const amd_rig *from, const char *leaf_guid)
{
    put_certificate(e, leaf_guid, from->certificates[AMD_RIG_LEAF]);
    put_certificate(e, ask_guid, from->certificates[AMD_RIG_CA]);
    put_certificate(e, ark_guid, from->certificates[AMD_RIG_ROOT]);
}

static cof_status split(const evidence *e, cof_view *report, cof_collateral *found)
{
    return cof_snp_evidence_split(cof_view_of(e->bytes, COF_SNP_REPORT_SIZE + e->data_end), report,
                                  found, NULL);
}

static cof_status verify(const amd_rig *from, cof_view report, cof_collateral *found)
{
    static cof_facts facts;
    const cof_snp_input input = {.report = report,
                                 .collateral = found,
                                 .roots = from->pins,
                                 .root_count = 3,
                                 .now_unix_s = AMD_RIG_NOW};
    assert_ok(cof_collateral_set(found, COF_COLLATERAL_AMD_CRL,
                                 cof_collateral_view(&from->collateral, COF_COLLATERAL_AMD_CRL),
                                 NULL));
    return cof_snp_verify(&input, &facts, NULL, NULL);
}

static evidence e;

static void a_report_alone_is_read(void **state)
{
    (void)state;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    assert_ok(cof_snp_evidence_split(cof_buf_view(&rig.report), &report, &found, NULL));
    assert_true(report.data == rig.report.data && report.size == COF_SNP_REPORT_SIZE);
    assert_int_equal(found.items[COF_COLLATERAL_AMD_LEAF].size, 0);
    assert_ok(cof_snp_evidence_split(cof_buf_view(&rig.report), &report, NULL, NULL));
}

static void the_certificates_of_a_table_verify_the_report(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        cof_view report = {0};
        COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
        const amd_rig *from = form < 2 ? &rig : &vlek_rig;
        begin(&e, from, 6);
        e.is_efi = form % 2 == 1;
        put_entry(&e, other_guid, 100, 50);
        put_all(&e, from, form < 2 ? vcek_guid : vlek_guid);
        assert_ok(split(&e, &report, &found));
        assert_ok(verify(from, report, &found));
    }
}

static void the_leaf_is_the_one_that_signed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        cof_view report = {0};
        COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
        const amd_rig *from = i == 0 ? &rig : &vlek_rig;
        const amd_rig *other = i == 0 ? &vlek_rig : &rig;
        begin(&e, from, 6);
        put_certificate(&e, i == 0 ? vlek_guid : vcek_guid, other->certificates[AMD_RIG_LEAF]);
        put_all(&e, from, i == 0 ? vcek_guid : vlek_guid);
        assert_ok(split(&e, &report, &found));
        assert_ok(verify(from, report, &found));
    }
}

static void what_the_caller_has_is_kept(void **state)
{
    (void)state;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    begin(&e, &rig, 6);
    put_all(&e, &rig, vcek_guid);
    assert_ok(cof_collateral_set(&found, COF_COLLATERAL_AMD_LEAF, cof_view_text("leaf"), NULL));
    assert_ok(cof_collateral_set(&found, COF_COLLATERAL_AMD_CHAIN, cof_view_text("chain"), NULL));
    assert_ok(split(&e, &report, &found));
    assert_view_text(cof_collateral_view(&found, COF_COLLATERAL_AMD_LEAF), "leaf");
    assert_view_text(cof_collateral_view(&found, COF_COLLATERAL_AMD_CHAIN), "chain");
}

static void a_chain_needs_both_of_its_certificates(void **state)
{
    (void)state;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    begin(&e, &rig, 3);
    put_certificate(&e, ask_guid, rig.certificates[AMD_RIG_CA]);
    put_entry(&e, zero_guid, 0, 0);
    assert_ok(split(&e, &report, &found));
    assert_int_equal(found.items[COF_COLLATERAL_AMD_CHAIN].size, 0);
}

static void an_empty_table_with_padding_is_read(void **state)
{
    (void)state;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    begin(&e, &rig, 1);
    e.data_end = 4096;
    assert_ok(split(&e, &report, &found));
    assert_int_equal(found.items[COF_COLLATERAL_AMD_LEAF].size, 0);
}

static void wrong_tables_are_refused(void **state)
{
    (void)state;
    cof_view report = {0};
    static const struct {
        size_t offset, size;
    } wrong[] = {{0, 10},   {47, 10},        {48, 0},         {200, 1},
                 {48, 153}, {0xffffffff, 1}, {1, 0xffffffff}, {0xffffff00, 0x200}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin(&e, &rig, 2);
        put_entry(&e, vcek_guid, wrong[i].offset, wrong[i].size);
        e.data_end = 200;
        assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    }
    /* The same entry twice; an end that is not zero; no end; too many entries. */
    begin(&e, &rig, 3);
    put_entry(&e, ask_guid, 72, 8);
    e.is_efi = true;
    put_entry(&e, ask_guid, 80, 8);
    e.data_end = 200;
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    begin(&e, &rig, 1);
    put_entry(&e, zero_guid, 0, 1);
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    begin(&e, &rig, 1);
    put_entry(&e, other_guid, 0, 24);
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    begin(&e, &rig, 40);
    for (size_t i = 0; i < 30; i++) {
        put_entry(&e, other_guid, 0, 24);
    }
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    /* A table cut inside an entry, and a single byte behind a report. */
    begin(&e, &rig, 1);
    e.data_end = 23;
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
    e.data_end = 1;
    assert_status(split(&e, &report, NULL), EVIDENCE_INVALID);
}

static void a_certificate_that_is_too_long_is_refused(void **state)
{
    (void)state;
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    begin(&e, &rig, 2);
    put_entry(&e, vcek_guid, 48, 8193);
    e.data_end = 10000;
    assert_status(split(&e, &report, &found), EVIDENCE_INVALID);
    begin(&e, &rig, 3);
    put_entry(&e, ask_guid, 72, 100);
    put_entry(&e, ark_guid, 72, 8193);
    e.data_end = 10000;
    assert_status(split(&e, &report, &found), EVIDENCE_INVALID);
}

static void sizes_are_limited(void **state)
{
    (void)state;
    cof_view report = {0};
    static uint8_t large[ROOM + 1];
    memcpy(large, rig.report.data, COF_SNP_REPORT_SIZE);
    assert_status(cof_snp_evidence_split(cof_view_of(large, sizeof large), &report, NULL, NULL),
                  LIMIT);
    assert_ok(cof_snp_evidence_split(cof_view_of(large, ROOM), &report, NULL, NULL));
    for (size_t size = 0; size < COF_SNP_REPORT_SIZE; size += 7) {
        assert_status(cof_snp_evidence_split(cof_view_of(large, size), &report, NULL, NULL),
                      EVIDENCE_INVALID);
    }
}

/* --- the firmware's message --- */

static void a_message_response_is_read(void **state)
{
    (void)state;
    cof_view report = {0};
    uint8_t message[4000] = {0};
    put_u32(message + 4, COF_SNP_REPORT_SIZE);
    memcpy(message + 32, rig.report.data, COF_SNP_REPORT_SIZE);
    assert_ok(cof_snp_evidence_split(cof_view_of(message, sizeof message), &report, NULL, NULL));
    assert_true(report.data == message + 32 && report.size == COF_SNP_REPORT_SIZE);
    assert_ok(cof_snp_evidence_split(cof_view_of(message, 32 + COF_SNP_REPORT_SIZE), &report, NULL,
                                     NULL));
    assert_status(
        cof_snp_evidence_split(cof_view_of(message, 31 + COF_SNP_REPORT_SIZE), &report, NULL, NULL),
        EVIDENCE_INVALID);
    /* Size, reserved bytes, what follows: any wrong byte. */
    static const size_t places[] = {4, 7, 8, 31, 32 + COF_SNP_REPORT_SIZE, 3999};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        message[places[i]] ^= 1;
        assert_status(
            cof_snp_evidence_split(cof_view_of(message, sizeof message), &report, NULL, NULL),
            EVIDENCE_INVALID);
        message[places[i]] ^= 1;
    }
    /* A status that tells of a failure looks like a report of a version that does not exist. */
    cof_snp_report parsed;
    message[0] = 0x16;
    assert_ok(cof_snp_evidence_split(cof_view_of(message, sizeof message), &report, NULL, NULL));
    assert_status(cof_snp_report_parse(report, &parsed, NULL), BAD_VERSION);
    message[0] = 0;
    static uint8_t longer[4001];
    memcpy(longer, message, sizeof message);
    assert_status(cof_snp_evidence_split(cof_view_of(longer, sizeof longer), &report, NULL, NULL),
                  EVIDENCE_INVALID);
}

/* --- Azure's JSON --- */

static void base64url(cof_view bytes, cof_buf *out)
{
    cof_buf_init(out, ROOM);
    assert_ok(cof_base64url_encode(bytes, out, NULL));
}

/* %1$s: the report, %2$s: the chain. */
static cof_status split_json(const char *format, const amd_rig_who *order, size_t count,
                             cof_buf *report, cof_collateral *found)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf chain_text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf report_text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = ROOM};
    const char *report_chars = NULL;
    const char *chain_chars = NULL;
    for (size_t i = 0; i < count; i++) {
        assert_ok(cof_buf_append(&chain, cof_buf_view(&rig.pem[order[i]]), NULL));
    }
    base64url(cof_buf_view(&chain), &chain_text);
    base64url(cof_buf_view(&rig.report), &report_text);
    assert_ok(cof_buf_text(&report_text, &report_chars, NULL));
    assert_ok(cof_buf_text(&chain_text, &chain_chars, NULL));
    for (const char *at = format; *at != '\0'; at++) {
        const char *part = *at == 'R' ? report_chars : *at == 'C' ? chain_chars : NULL;
        if (part != NULL) {
            assert_ok(cof_buf_append_text(&json, part, NULL));
        } else {
            assert_ok(cof_buf_append(&json, cof_view_of(*at == '\'' ? "\"" : at, 1), NULL));
        }
    }
    return cof_snp_json_split(cof_buf_view(&json), report, found, NULL);
}

static const amd_rig_who whole[] = {AMD_RIG_LEAF, AMD_RIG_CA, AMD_RIG_ROOT};

/* Names with capital R and C are written in escapes, since those letters stand for the values. */
#define REPORT "'Snp\\u0052eport':"
#define CHAIN  "'Vcek\\u0043ert\\u0043hain':"

static void azures_json_verifies(void **state)
{
    (void)state;
    static const char *const forms[] = {"{" REPORT "'R'," CHAIN "'C'}",
                                        "{" CHAIN "'C'," REPORT "'R','Endorsements':'e30'}"};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
        COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
        assert_ok(split_json(forms[i], whole, 3, &report, &found));
        assert_true(cof_view_equal(cof_buf_view(&report), cof_buf_view(&rig.report)));
        assert_true(found.items[COF_COLLATERAL_AMD_LEAF].size > 0);
        assert_ok(verify(&rig, cof_buf_view(&report), &found));
    }
}

static void the_leaf_is_found_beside_a_callers_chain(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    const cof_view mine = cof_collateral_view(&rig.collateral, COF_COLLATERAL_AMD_CHAIN);
    assert_ok(cof_collateral_set(&found, COF_COLLATERAL_AMD_CHAIN, mine, NULL));
    assert_ok(split_json("{" REPORT "'R'," CHAIN "'C'}", whole, 3, &report, &found));
    assert_true(cof_view_equal(cof_collateral_view(&found, COF_COLLATERAL_AMD_CHAIN), mine));
    assert_ok(verify(&rig, cof_buf_view(&report), &found));
}

static void a_chain_without_a_leaf_gives_none(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    assert_ok(split_json("{" REPORT "'R'," CHAIN "'C'}", whole + 1, 2, &report, &found));
    assert_int_equal(found.items[COF_COLLATERAL_AMD_LEAF].size, 0);
}

static void wrong_json_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "'R'",
        "{}",
        "{" REPORT "'R'}",
        "{" CHAIN "'C'}",
        "{" REPORT "''," CHAIN "'C'}",
        "{" REPORT "'R'," CHAIN "''}",
        "{" REPORT "'RAAAA'," CHAIN "'C'}",
        "{" REPORT "'AAAA'," CHAIN "'C'}",
        "{" REPORT "'R*'," CHAIN "'C'}",
        "{" REPORT "'R'," CHAIN "7}",
        "{" REPORT "'R'," CHAIN "'AAAA'}",
        "{" REPORT "'R'," CHAIN "'C','Endorsements':{}}",
        "{" REPORT "'R'," CHAIN "'C','more':1}",
        "{" REPORT "'R'," REPORT "'R'," CHAIN "'C'}",
        "{" REPORT "'R'," CHAIN "'C'} x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
        COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
        const cof_status status = split_json(wrong[i], whole, 3, &report, &found);
        if (status != COF_E_EVIDENCE_INVALID) {
            print_error("%zu: %s\n", i, cof_status_describe(status)->name);
        }
        assert_status(status, EVIDENCE_INVALID);
        assert_int_equal(report.size, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_alone_is_read),
        cmocka_unit_test(the_certificates_of_a_table_verify_the_report),
        cmocka_unit_test(the_leaf_is_the_one_that_signed),
        cmocka_unit_test(what_the_caller_has_is_kept),
        cmocka_unit_test(a_chain_needs_both_of_its_certificates),
        cmocka_unit_test(an_empty_table_with_padding_is_read),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(a_certificate_that_is_too_long_is_refused),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(a_message_response_is_read),
        cmocka_unit_test(azures_json_verifies),
        cmocka_unit_test(the_leaf_is_found_beside_a_callers_chain),
        cmocka_unit_test(a_chain_without_a_leaf_gives_none),
        cmocka_unit_test(wrong_json_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_rigs, free_rigs);
}
