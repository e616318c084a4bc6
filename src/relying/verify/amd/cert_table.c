/*
 * Implementation notes
 *
 * The table's GUIDs are defined as text; GHCB says that they are stored as EFI stores them (the
 * first three fields little endian), and most tools store the sixteen bytes in the order of the
 * text. The two forms of our four GUIDs are eight different values, so both are read.
 */
#include <string.h>

#include "relying/verify/amd/snp.h"
#include "relying/verify/pem.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/text.h"

enum {
    MESSAGE_HEADER_SIZE = 32,
    MESSAGE_SIZE_MAX = 4000,
    EVIDENCE_SIZE_MAX = 64 * 1024,
    GUID_SIZE = 16,
    ENTRY_SIZE = 24,
    ENTRIES_MAX = 16,
    KEY_INFO_AT = 0x48,
    PEM_LINE_SIZE = 64
};

/* In the order of the text. */
static const uint8_t guid_vcek[GUID_SIZE] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                             0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t guid_vlek[GUID_SIZE] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                                             0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
static const uint8_t guid_ask[GUID_SIZE] = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                                            0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
static const uint8_t guid_ark[GUID_SIZE] = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                                            0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};

/* The certificates of a table, borrowed; size 0: absent. */
typedef struct cert_table {
    cof_view vcek, vlek, ask, ark;
} cert_table;

static bool is_guid(const uint8_t *bytes, const uint8_t text_order[static GUID_SIZE])
{
    static const uint8_t efi_order[GUID_SIZE] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t efi[GUID_SIZE];
    for (size_t i = 0; i < GUID_SIZE; i++) {
        efi[i] = text_order[efi_order[i]];
    }
    return memcmp(bytes, text_order, GUID_SIZE) == 0 || memcmp(bytes, efi, GUID_SIZE) == 0;
}

/* Where the certificate of this GUID belongs; NULL: what is not known is passed over. */
static cof_view *place_of(cert_table *table, const uint8_t *guid)
{
    if (is_guid(guid, guid_vcek)) {
        return &table->vcek;
    }
    if (is_guid(guid, guid_vlek)) {
        return &table->vlek;
    }
    if (is_guid(guid, guid_ask)) {
        return &table->ask;
    }
    return is_guid(guid, guid_ark) ? &table->ark : NULL;
}

static bool is_all_zero(cof_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* One entry; *out_is_end when it is the zero entry that ends the list. */
static cof_status read_entry(cof_reader *reader, cert_table *table, bool *out_is_end, cof_err *err)
{
    cof_view guid = {0};
    uint32_t offset = 0;
    uint32_t size = 0;
    COF_TRY(cof_read_view(reader, GUID_SIZE, &guid, err));
    COF_TRY(cof_read_u32le(reader, &offset, err));
    COF_TRY(cof_read_u32le(reader, &size, err));
    if (is_all_zero(guid)) {
        *out_is_end = true;
        return offset == 0 && size == 0
                   ? COF_OK
                   : COF_FAIL(err, EVIDENCE_INVALID, "certificate table: its end is not zero");
    }
    const size_t table_size = reader->bytes.size;
    if (offset > table_size || size > table_size - offset || size == 0) {
        return COF_FAIL(err, EVIDENCE_INVALID,
                        "certificate table: an entry of %u bytes at %u in %zu bytes", size, offset,
                        table_size);
    }
    cof_view *place = place_of(table, guid.data);
    if (place != NULL && place->size != 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "certificate table: an entry stands twice");
    }
    if (place != NULL) {
        *place = cof_view_of(reader->bytes.data + offset, size);
    }
    return COF_OK;
}

/* No certificate may lie inside the list of entries. */
static cof_status check_outside(const cert_table *table, cof_view bytes, size_t list_size,
                                cof_err *err)
{
    const cof_view all[] = {table->vcek, table->vlek, table->ask, table->ark};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].size != 0 && (size_t)(all[i].data - bytes.data) < list_size) {
            return COF_FAIL(err, EVIDENCE_INVALID,
                            "certificate table: a certificate inside the list of entries");
        }
    }
    return COF_OK;
}

static cof_status read_table(cof_view bytes, cert_table *out, cof_err *err)
{
    cert_table table = {0};
    cof_reader reader = cof_reader_of(bytes);
    bool is_end = false;
    for (size_t i = 0; !is_end; i++) {
        if (i > ENTRIES_MAX || cof_reader_left(&reader) < ENTRY_SIZE) {
            return COF_FAIL(err, EVIDENCE_INVALID, "certificate table: no end in %zu entries", i);
        }
        COF_TRY(read_entry(&reader, &table, &is_end, err));
    }
    COF_TRY(check_outside(&table, bytes, reader.position, err));
    *out = table;
    return COF_OK;
}

static cof_status append_pem(cof_view der, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf base64 = {.limit = (size_t)COF_CERTIFICATE_DER_MAX * 2};
    if (der.size > COF_CERTIFICATE_DER_MAX) {
        return COF_FAIL(err, EVIDENCE_INVALID, "certificate table: a certificate of %zu bytes",
                        der.size);
    }
    COF_TRY(cof_base64_encode(der, &base64, err));
    COF_TRY(cof_buf_append_text(out, "-----BEGIN CERTIFICATE-----\n", err));
    for (size_t at = 0; at < base64.size; at += PEM_LINE_SIZE) {
        const size_t left = base64.size - at;
        const size_t size = left < PEM_LINE_SIZE ? left : PEM_LINE_SIZE;
        COF_TRY(cof_buf_append(out, cof_view_of(base64.data + at, size), err));
        COF_TRY(cof_buf_append_text(out, "\n", err));
    }
    return cof_buf_append_text(out, "-----END CERTIFICATE-----\n", err);
}

/* Which leaf belongs to the report is in its key info; all else in it is for the verifier. */
static bool is_by_vlek(cof_view report)
{
    return (report.data[KEY_INFO_AT] >> 2 & 7) == COF_SNP_VLEK;
}

static cof_status fill(const cert_table *table, cof_view report, cof_collateral *found,
                       cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = (size_t)COF_CERTIFICATE_DER_MAX * 4};
    const cof_view leaf = is_by_vlek(report) ? table->vlek : table->vcek;
    if (leaf.size > COF_CERTIFICATE_DER_MAX) {
        return COF_FAIL(err, EVIDENCE_INVALID, "certificate table: a certificate of %zu bytes",
                        leaf.size);
    }
    if (leaf.size > 0 && cof_collateral_view(found, COF_COLLATERAL_AMD_LEAF).size == 0) {
        COF_TRY(cof_collateral_set(found, COF_COLLATERAL_AMD_LEAF, leaf, err));
    }
    const bool has_chain = table->ask.size > 0 && table->ark.size > 0;
    if (has_chain && cof_collateral_view(found, COF_COLLATERAL_AMD_CHAIN).size == 0) {
        COF_TRY(append_pem(table->ask, &chain, err));
        COF_TRY(append_pem(table->ark, &chain, err));
        COF_TRY(cof_collateral_set(found, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&chain), err));
    }
    return COF_OK;
}

/* MSG_REPORT_RSP: status, size, 24 reserved bytes, the report, zeros. */
static cof_status split_message(cof_view bytes, cof_view *out_report, cof_err *err)
{
    cof_reader reader = cof_reader_of(bytes);
    uint32_t status = 0;
    uint32_t size = 0;
    cof_view reserved = {0};
    cof_view report = {0};
    COF_TRY(cof_read_u32le(&reader, &status, err));
    COF_TRY(cof_read_u32le(&reader, &size, err));
    COF_TRY(cof_read_view(&reader, MESSAGE_HEADER_SIZE - 8, &reserved, err));
    COF_TRY(cof_read_view(&reader, COF_SNP_REPORT_SIZE, &report, err));
    const cof_view rest = cof_view_of(bytes.data + reader.position, bytes.size - reader.position);
    if (status != 0 || size != COF_SNP_REPORT_SIZE || !is_all_zero(reserved) ||
        bytes.size > MESSAGE_SIZE_MAX || !is_all_zero(rest)) {
        return COF_FAIL(err, EVIDENCE_INVALID,
                        "message response: status %u, size %u, %zu bytes, or not zero where "
                        "reserved",
                        status, size, bytes.size);
    }
    *out_report = report;
    return COF_OK;
}

cof_status cof_snp_evidence_split(cof_view bytes, cof_view *out_report, cof_collateral *found,
                                  cof_err *err)
{
    if (bytes.size > EVIDENCE_SIZE_MAX) {
        return COF_FAIL(err, LIMIT, "SNP evidence of %zu bytes, at most %d", bytes.size,
                        EVIDENCE_SIZE_MAX);
    }
    if (bytes.size < COF_SNP_REPORT_SIZE) {
        return COF_FAIL(err, EVIDENCE_INVALID, "SNP evidence of %zu bytes", bytes.size);
    }
    /* A report begins with its version, which is not zero; a message with its status, which is. */
    if (is_all_zero(cof_view_of(bytes.data, 4))) {
        const cof_status status = split_message(bytes, out_report, err);
        return status == COF_E_TRUNCATED
                   ? COF_FAIL(err, EVIDENCE_INVALID, "message response of %zu bytes", bytes.size)
                   : status;
    }
    const cof_view report = cof_view_of(bytes.data, COF_SNP_REPORT_SIZE);
    if (bytes.size > COF_SNP_REPORT_SIZE) {
        cert_table table = {0};
        COF_TRY(read_table(
            cof_view_of(bytes.data + COF_SNP_REPORT_SIZE, bytes.size - COF_SNP_REPORT_SIZE), &table,
            err));
        if (found != NULL) {
            COF_TRY(fill(&table, report, found, err));
        }
    }
    *out_report = report;
    return COF_OK;
}
