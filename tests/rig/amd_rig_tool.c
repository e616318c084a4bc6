/*
 * Writes evidence of the AMD rig into a folder that exists: report.bin, the collateral under its
 * file names, evidence.bin (report and certificate table), message.bin (as the firmware answers),
 * evidence.json (Azure's form), extensions.der (of the leaf) and pin.txt (SHA-256 of the ARK's
 * SubjectPublicKeyInfo, hex).
 *
 *     amd_rig_tool Milan|Genoa|Turin FOLDER [vlek] [version 2 to 5]
 *
 * The evidence is good at 2027-01-01T00:00:00Z (1798761600).
 */
#include <stdio.h>
#include <string.h>

#include "rig/amd_rig.h"
#include "tcb/wire/text.h"

enum { ENTRY_SIZE = 24, TABLE_HEAD_SIZE = 4 * ENTRY_SIZE, ROOM = 64 * 1024 };

static bool write_file(const char *folder, const char *name, cof_view bytes)
{
    char path[4096];
    const int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = size > 0 && (size_t)size < sizeof path ? fopen(path, "wb") : NULL;
    if (file == NULL) {
        perror(name);
        return false;
    }
    const bool is_written = fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    return fclose(file) == 0 && is_written;
}

static void put_u32(uint8_t *at, size_t number)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

/* An entry of the table, and the certificate behind all that is there. */
static bool put_certificate(cof_buf *evidence, size_t index, const char *guid, X509 *certificate)
{
    unsigned char *der = NULL;
    const int size = i2d_X509(certificate, &der);
    uint8_t *entry = evidence->data + COF_SNP_REPORT_SIZE + index * ENTRY_SIZE;
    bool is_ok = size > 0 && cof_hex_decode(cof_view_text(guid), entry, 16, NULL) == COF_OK;
    if (is_ok) {
        put_u32(entry + 16, evidence->size - COF_SNP_REPORT_SIZE);
        put_u32(entry + 20, (size_t)size);
        is_ok = cof_buf_append(evidence, cof_view_of(der, (size_t)size), NULL) == COF_OK;
    }
    OPENSSL_free(der);
    return is_ok;
}

static bool write_table(const amd_rig *rig, bool is_vlek, const char *folder)
{
    static const uint8_t head[TABLE_HEAD_SIZE] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {.limit = ROOM};
    return cof_buf_reserve(&evidence, ROOM, NULL) == COF_OK &&
           cof_buf_append(&evidence, cof_buf_view(&rig->report), NULL) == COF_OK &&
           cof_buf_append(&evidence, cof_view_of(head, sizeof head), NULL) == COF_OK &&
           put_certificate(&evidence, 0,
                           is_vlek ? "a8074bc2a25a483eaae639c045a0b8a1"
                                   : "63da758de6644564adc5f4b93be8accd",
                           rig->certificates[AMD_RIG_LEAF]) &&
           put_certificate(&evidence, 1, "4ab7b379bbac4fe4a02f05aef327c782",
                           rig->certificates[AMD_RIG_CA]) &&
           put_certificate(&evidence, 2, "c0b406a4a803495297433fb6014cd0ae",
                           rig->certificates[AMD_RIG_ROOT]) &&
           write_file(folder, "evidence.bin", cof_buf_view(&evidence));
}

static bool write_message(const amd_rig *rig, const char *folder)
{
    uint8_t message[4000] = {0};
    put_u32(message + 4, COF_SNP_REPORT_SIZE);
    memcpy(message + 32, rig->report.data, COF_SNP_REPORT_SIZE);
    return write_file(folder, "message.bin", cof_view_of(message, sizeof message));
}

static bool write_json(const amd_rig *rig, const char *folder)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = ROOM};
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = ROOM};
    for (int i = AMD_RIG_LEAF; i >= AMD_RIG_ROOT; i--) {
        if (cof_buf_append(&chain, cof_buf_view(&rig->pem[i]), NULL) != COF_OK) {
            return false;
        }
    }
    return cof_buf_append_text(&json, "{\"SnpReport\":\"", NULL) == COF_OK &&
           cof_base64url_encode(cof_buf_view(&rig->report), &json, NULL) == COF_OK &&
           cof_buf_append_text(&json, "\",\"VcekCertChain\":\"", NULL) == COF_OK &&
           cof_base64url_encode(cof_buf_view(&chain), &json, NULL) == COF_OK &&
           cof_buf_append_text(&json, "\"}", NULL) == COF_OK &&
           write_file(folder, "evidence.json", cof_buf_view(&json));
}

static bool write_extensions(const amd_rig *rig, const char *folder)
{
    unsigned char *der = NULL;
    const STACK_OF(X509_EXTENSION) *all = X509_get0_extensions(rig->certificates[AMD_RIG_LEAF]);
    const int size = i2d_X509_EXTENSIONS((X509_EXTENSIONS *)all, &der);
    const bool is_ok =
        size > 0 && write_file(folder, "extensions.der", cof_view_of(der, (size_t)size));
    OPENSSL_free(der);
    return is_ok;
}

static bool write_all(const amd_rig *rig, const amd_rig_options *options, const char *folder)
{
    char pin[2 * COF_DIGEST_SIZE + 1];
    bool is_written = write_file(folder, "report.bin", cof_buf_view(&rig->report));
    for (int i = 0; i < COF_COLLATERAL_COUNT && is_written; i++) {
        const cof_collateral_item item = (cof_collateral_item)i;
        const cof_view bytes = cof_collateral_view(&rig->collateral, item);
        is_written = bytes.size == 0 || write_file(folder, cof_collateral_file_name(item), bytes);
    }
    cof_digest_text(&rig->pins[options->product - COF_SNP_MILAN].spki, pin);
    return is_written && write_file(folder, "pin.txt", cof_view_text(pin)) &&
           write_table(rig, options->signer == COF_SNP_VLEK, folder) &&
           write_message(rig, folder) && write_json(rig, folder) && write_extensions(rig, folder);
}

static bool read_arguments(int argc, char **argv, amd_rig_options *out)
{
    if (argc < 3) {
        return false;
    }
    for (cof_snp_product product = COF_SNP_MILAN; product <= COF_SNP_TURIN; product++) {
        if (strcmp(argv[1], cof_snp_product_name(product)) == 0) {
            out->product = product;
        }
    }
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "vlek") == 0) {
            out->signer = COF_SNP_VLEK;
        } else if (argv[i][0] >= '2' && argv[i][0] <= '5' && argv[i][1] == '\0') {
            out->report.version = (uint32_t)(argv[i][0] - '0');
        } else {
            return false;
        }
    }
    return out->product != COF_SNP_NONE;
}

int main(int argc, char **argv)
{
    amd_rig rig;
    amd_rig_options options = {.product = COF_SNP_NONE};
    cof_err err = {0};
    if (!read_arguments(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: amd_rig_tool Milan|Genoa|Turin FOLDER [vlek] [2|3|4|5]\n");
        return 64;
    }
    if (amd_rig_make(&rig, &options, &err) != COF_OK) {
        (void)fprintf(stderr, "amd_rig_tool: %s\n", err.detail);
        return 70;
    }
    const bool is_written = write_all(&rig, &options, argv[2]);
    amd_rig_free(&rig);
    return is_written ? 0 : 74;
}
