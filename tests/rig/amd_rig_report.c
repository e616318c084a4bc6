/* What a leaf says of its chip, and the reports that it signs. */
#include "rig/amd_rig_internal.h"

#include <openssl/ecdsa.h>
#include <stdio.h>
#include <string.h>

#include "tcb/wire/text.h"

enum { EXTENSIONS_MAX = 24, VALUE_MAX = 80, SCALAR_FIELD_SIZE = 72 };

void amd_rig_chip_id(cof_snp_product product, uint8_t out[static 64])
{
    const size_t size = product == COF_SNP_TURIN ? 8 : 64;
    memset(out, 0, 64);
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(0xc0 ^ (i * 5 + product));
    }
}

/* --- the leaf's extensions --- */

typedef struct value {
    char arcs[8];
    uint8_t bytes[VALUE_MAX];
    size_t size;
} value;

typedef struct values {
    value items[EXTENSIONS_MAX];
    size_t count;
} values;

static value *add(values *all, const char *arcs)
{
    value *item = &all->items[all->count++];
    (void)snprintf(item->arcs, sizeof item->arcs, "%s", arcs);
    return item;
}

static void add_number(values *all, const char *arcs, uint8_t number)
{
    value *item = add(all, arcs);
    const uint8_t small[] = {2, 1, number};
    const uint8_t large[] = {2, 2, 0, number};
    item->size = number < 0x80 ? sizeof small : sizeof large;
    memcpy(item->bytes, number < 0x80 ? small : large, item->size);
}

static void add_text(values *all, const char *arcs, const char *text)
{
    value *item = add(all, arcs);
    item->size = strlen(text) + 2;
    item->bytes[0] = 0x16;
    item->bytes[1] = (uint8_t)strlen(text);
    memcpy(item->bytes + 2, text, strlen(text));
}

static void add_hardware_id(values *all, const amd_rig_options *options)
{
    uint8_t chip_id[64];
    const cof_snp_product product = amd_rig_product(options);
    const size_t size = product == COF_SNP_TURIN ? 8 : 64;
    value *item = add(all, "4");
    amd_rig_chip_id(product, chip_id);
    if (options->is_hwid_wrapped) {
        item->bytes[item->size++] = 4;
        item->bytes[item->size++] = (uint8_t)size;
    }
    memcpy(item->bytes + item->size, chip_id, size);
    item->size += size;
}

static void good_values(values *all, const amd_rig_options *options)
{
    const cof_snp_product product = amd_rig_product(options);
    const bool is_turin = product == COF_SNP_TURIN;
    const bool is_vlek = options->signer == COF_SNP_VLEK;
    const cof_snp_tcb tcb = cof_snp_tcb_of(amd_rig_reported_tcb(options), product);
    add_number(all, "1", is_turin ? 1 : 0);
    add_text(all, "2",
             product == COF_SNP_MILAN && !is_vlek ? "Milan-B0" : cof_snp_product_name(product));
    add_number(all, "3.1", tcb.bootloader);
    add_number(all, "3.2", tcb.tee);
    add_number(all, "3.3", tcb.snp);
    if (is_turin) {
        add_number(all, "3.9", tcb.fmc);
    } else {
        add_number(all, "3.4", 0);
    }
    add_number(all, "3.5", 0);
    add_number(all, "3.6", 0);
    add_number(all, "3.7", 0);
    add_number(all, "3.8", tcb.microcode);
    if (is_vlek) {
        add_text(all, "5", "CN=cc-test-1.example.com");
    } else {
        add_hardware_id(all, options);
    }
}

/* False when the edit's hex is none. */
static bool edit(values *all, const amd_rig_extension *how)
{
    value *item = NULL;
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].arcs, how->arcs) == 0) {
            item = &all->items[i];
        }
    }
    if (item == NULL) {
        item = add(all, how->arcs);
    }
    if (how->hex != NULL) {
        item->size = strlen(how->hex) / 2;
        if (cof_hex_decode(cof_view_text(how->hex), item->bytes, item->size, NULL) != COF_OK) {
            return false;
        }
    }
    if (how->is_repeated) {
        all->items[all->count++] = *item;
    }
    if (how->is_dropped) {
        *item = all->items[--all->count];
    }
    return true;
}

bool amd_rig_add_leaf_extensions(X509 *certificate, const amd_rig_options *options)
{
    values all = {0};
    good_values(&all, options);
    for (size_t i = 0; i < AMD_RIG_EDITS_MAX; i++) {
        if (options->extensions[i].arcs != NULL && !edit(&all, &options->extensions[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < all.count; i++) {
        char oid[40];
        const value *item = &all.items[i];
        (void)snprintf(oid, sizeof oid, "1.3.6.1.4.1.3704.1.%s", item->arcs);
        if (!amd_rig_add_extension(certificate, oid, false, cof_view_of(item->bytes, item->size))) {
            return false;
        }
    }
    return true;
}

/* --- reports --- */

static void put(uint8_t *report, size_t at, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        report[at + i] = (uint8_t)(number >> (8 * i));
    }
}

static void copy(uint8_t *report, size_t at, const uint8_t *bytes, size_t size)
{
    if (bytes != NULL) {
        memcpy(report + at, bytes, size);
    }
}

static uint64_t or_else(uint64_t number, uint64_t otherwise)
{
    return number != 0 ? number : otherwise;
}

static void put_counting(uint8_t *report, size_t at, uint8_t first, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        report[at + i] = (uint8_t)(first + i);
    }
}

static void put_processor(uint8_t *report, const amd_rig_options *options)
{
    static const uint8_t processors[][3] = {[COF_SNP_MILAN] = {0x19, 0x01, 0x01},
                                            [COF_SNP_GENOA] = {0x19, 0x11, 0x01},
                                            [COF_SNP_TURIN] = {0x1a, 0x02, 0x01}};
    const cof_snp_product product = amd_rig_product(options);
    if (or_else(options->report.version, 3) >= 3) {
        memcpy(report + 0x188, processors[product], 3);
    }
    if (options->signer == COF_SNP_VCEK) {
        amd_rig_chip_id(product, report + 0x1a0);
    }
}

static void fill_report(uint8_t *report, const amd_rig_options *options)
{
    const amd_rig_report *how = &options->report;
    const uint64_t reported = amd_rig_reported_tcb(options);
    put(report, 0x000, or_else(how->version, 3), 4);
    put(report, 0x004, how->guest_svn, 4);
    put(report, 0x008, or_else(how->policy, 0x30000), 8);
    put(report, 0x030, how->vmpl, 4);
    put(report, 0x034, 1, 4);
    put(report, 0x038, or_else(how->current_tcb, reported), 8);
    put(report, 0x040, 1, 8);
    put(report, 0x048, (uint64_t)options->signer << 2 | (how->author_key_digest != NULL ? 1U : 0U),
        4);
    put_counting(report, 0x050, 0x10, 64);
    copy(report, 0x050, how->report_data, 64);
    put_counting(report, 0x090, 0xa0, 48);
    copy(report, 0x090, how->measurement, 48);
    copy(report, 0x0c0, how->host_data, 32);
    copy(report, 0x0e0, how->id_key_digest, 48);
    copy(report, 0x110, how->author_key_digest, 48);
    put_counting(report, 0x140, 0x77, 32);
    memset(report + 0x160, 0xff, 32);
    put(report, 0x180, reported, 8);
    put_processor(report, options);
    put(report, 0x1e0, or_else(how->committed_tcb, reported), 8);
    put(report, 0x1e8, 0x013701, 3);
    put(report, 0x1ec, 0x013701, 3);
    put(report, 0x1f0, or_else(how->launch_tcb, reported), 8);
    if (how->version == 5) {
        put(report, 0x1f8, 3, 8);
        put(report, 0x200, 3, 8);
    }
}

static void patch(uint8_t *report, const amd_rig_patch *patches)
{
    for (size_t i = 0; i < AMD_RIG_EDITS_MAX; i++) {
        report[patches[i].at] ^= patches[i].flip;
    }
}

static bool sign_report(uint8_t *report, EVP_PKEY *key)
{
    uint8_t der[256];
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_ok = context != NULL && key != NULL &&
                 EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key) == 1 &&
                 EVP_DigestSign(context, der, &size, report, COF_SNP_SIGNED_SIZE) == 1;
    EVP_MD_CTX_free(context);
    const unsigned char *at = der;
    ECDSA_SIG *signature = is_ok ? d2i_ECDSA_SIG(NULL, &at, (long)size) : NULL;
    is_ok = signature != NULL &&
            BN_bn2lebinpad(ECDSA_SIG_get0_r(signature), report + COF_SNP_SIGNED_SIZE,
                           SCALAR_FIELD_SIZE) == SCALAR_FIELD_SIZE &&
            BN_bn2lebinpad(ECDSA_SIG_get0_s(signature),
                           report + COF_SNP_SIGNED_SIZE + SCALAR_FIELD_SIZE,
                           SCALAR_FIELD_SIZE) == SCALAR_FIELD_SIZE;
    ECDSA_SIG_free(signature);
    return is_ok;
}

cof_status amd_rig_report_again(const amd_rig *rig, const amd_rig_options *options, cof_buf *out,
                                cof_err *err)
{
    uint8_t report[COF_SNP_REPORT_SIZE] = {0};
    fill_report(report, options);
    patch(report, options->report.patches);
    if (!sign_report(report, amd_rig_key(rig, options->report.signed_by, AMD_RIG_LEAF))) {
        return COF_FAIL(err, CRYPTO, "AMD test report: signature");
    }
    patch(report, options->report.late_patches);
    cof_buf_free(out);
    cof_buf_init(out, sizeof report);
    return cof_buf_append(out, cof_view_of(report, sizeof report), err);
}
