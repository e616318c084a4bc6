/*
 * Implementation notes
 *
 * An extension is named by its arcs below AMD's; each has one bit, so that "exactly once" is one
 * comparison of two sets. The values are so short that DER needs no general reader: the few
 * encodings that are right are compared byte for byte.
 */
#include "relying/verify/amd/vcek.h"

#include <string.h>

enum { TAG_INTEGER = 0x02, TAG_OCTETS = 0x04, TAG_IA5_STRING = 0x16 };

/* 1.3.6.1.4.1.3704.1 */
static const uint8_t amd_arcs[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01};

/* Arcs: 1 to 5, and 3.1 to 3.9 as 16 and up. */
enum {
    STRUCTURE = 1,
    PRODUCT = 2,
    SECURITY_VERSIONS = 3, /* only with an arc below */
    HARDWARE_ID = 4,
    CSP_ID = 5,
    SPL_BASE = 16,
    SPL_BOOTLOADER = SPL_BASE + 1,
    SPL_TEE = SPL_BASE + 2,
    SPL_SNP = SPL_BASE + 3,
    SPL_RESERVED_4 = SPL_BASE + 4,
    SPL_MICROCODE = SPL_BASE + 8,
    SPL_FMC = SPL_BASE + 9
};

#define BIT(arc) (UINT32_C(1) << (arc))

enum { HARDWARE_ID_SIZE = 64, HARDWARE_ID_SIZE_TURIN = 8, STRUCTURE_LAST = 1 };

/* What has been read so far. */
typedef struct leaf_reader {
    uint32_t seen;
    cof_vcek vcek;
    cof_view hardware_id; /* borrowed; its size is right or wrong by the product */
} leaf_reader;

static cof_status wrong(cof_err *err, unsigned arc)
{
    return arc >= SPL_BASE
               ? COF_FAIL(err, BAD_FORMAT, "the leaf's extension 3.%u is not well formed",
                          arc - SPL_BASE)
               : COF_FAIL(err, BAD_FORMAT, "the leaf's extension %u is not well formed", arc);
}

/* 0 to 255 as an INTEGER in its shortest form. */
static bool read_number(cof_view value, uint8_t *out)
{
    const uint8_t *at = value.data;
    if (value.size == 3 && at[0] == TAG_INTEGER && at[1] == 1 && at[2] < 0x80) {
        *out = at[2];
        return true;
    }
    if (value.size == 4 && at[0] == TAG_INTEGER && at[1] == 2 && at[2] == 0 && at[3] >= 0x80) {
        *out = at[3];
        return true;
    }
    return false;
}

/* An IA5String of printable characters that is shorter than size. */
static bool read_text(cof_view value, char *out, size_t size)
{
    if (value.size < 3 || value.data[0] != TAG_IA5_STRING || value.data[1] != value.size - 2 ||
        value.data[1] >= 0x80 || value.data[1] >= size) {
        return false;
    }
    for (size_t i = 2; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            return false;
        }
    }
    memset(out, 0, size);
    memcpy(out, value.data + 2, value.size - 2);
    return true;
}

/* "Milan" alone, or with a stepping behind it: "Milan-B0". */
static bool is_product(const char *name, cof_snp_product product)
{
    const char *expected = cof_snp_product_name(product);
    const size_t size = strlen(expected);
    return strncmp(name, expected, size) == 0 && (name[size] == '\0' || name[size] == '-');
}

static cof_status read_product(cof_view value, cof_vcek *vcek, cof_err *err)
{
    if (!read_text(value, vcek->product_name, sizeof vcek->product_name)) {
        return wrong(err, PRODUCT);
    }
    for (cof_snp_product product = COF_SNP_MILAN; product <= COF_SNP_TURIN; product++) {
        if (is_product(vcek->product_name, product)) {
            vcek->product = product;
            return COF_OK;
        }
    }
    return COF_FAIL(err, UNSUPPORTED, "the leaf is of a product that is not known: %s",
                    vcek->product_name);
}

/* Where the number of this arc belongs; NULL: it is reserved. */
static uint8_t *place_of(cof_vcek *vcek, unsigned arc)
{
    switch (arc) {
    case STRUCTURE:
        return &vcek->structure;
    case SPL_BOOTLOADER:
        return &vcek->tcb.bootloader;
    case SPL_TEE:
        return &vcek->tcb.tee;
    case SPL_SNP:
        return &vcek->tcb.snp;
    case SPL_MICROCODE:
        return &vcek->tcb.microcode;
    case SPL_FMC:
        return &vcek->tcb.fmc;
    default:
        return NULL;
    }
}

static cof_status read_value(leaf_reader *reader, unsigned arc, cof_view value, cof_err *err)
{
    uint8_t number = 0;
    switch (arc) {
    case PRODUCT:
        return read_product(value, &reader->vcek, err);
    case HARDWARE_ID:
        reader->hardware_id = value;
        return COF_OK;
    case CSP_ID:
        return read_text(value, reader->vcek.csp_id, sizeof reader->vcek.csp_id) ? COF_OK
                                                                                 : wrong(err, arc);
    default: {
        uint8_t *place = place_of(&reader->vcek, arc);
        if (!read_number(value, &number) || (place == NULL && number != 0) ||
            (arc == STRUCTURE && number > STRUCTURE_LAST)) {
            return wrong(err, arc);
        }
        if (place != NULL) {
            *place = number;
        }
        return COF_OK;
    }
    }
}

/* The arc of one of AMD's extensions; 0: none that is known. */
static unsigned arc_of(cof_view below)
{
    if (below.size == 1 && below.data[0] >= STRUCTURE && below.data[0] <= CSP_ID &&
        below.data[0] != SECURITY_VERSIONS) {
        return below.data[0];
    }
    if (below.size == 2 && below.data[0] == SECURITY_VERSIONS && below.data[1] >= 1 &&
        below.data[1] <= SPL_FMC - SPL_BASE) {
        return SPL_BASE + (unsigned)below.data[1];
    }
    return 0;
}

static cof_status read_extension(leaf_reader *reader, X509_EXTENSION *extension, cof_err *err)
{
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
    const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(extension);
    const cof_view oid = cof_view_of(OBJ_get0_data(object), OBJ_length(object));
    if (oid.size < sizeof amd_arcs || memcmp(oid.data, amd_arcs, sizeof amd_arcs) != 0) {
        return X509_EXTENSION_get_critical(extension) == 0
                   ? COF_OK
                   : COF_FAIL(err, BAD_FORMAT, "the leaf has an unknown critical extension");
    }
    const unsigned arc =
        arc_of(cof_view_of(oid.data + sizeof amd_arcs, oid.size - sizeof amd_arcs));
    if (arc == 0) {
        return COF_FAIL(err, BAD_FORMAT, "the leaf has an unknown extension of AMD's");
    }
    if ((reader->seen & BIT(arc)) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "an extension of the leaf stands twice");
    }
    reader->seen |= BIT(arc);
    const cof_view value =
        cof_view_of(ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets));
    return read_value(reader, arc, value, err);
}

/* What a leaf of this kind and product must have, and no more. */
static cof_status check_complete(const leaf_reader *reader, cof_snp_signer signer, cof_err *err)
{
    const bool is_turin = reader->vcek.product == COF_SNP_TURIN;
    uint32_t required = BIT(STRUCTURE) | BIT(PRODUCT);
    for (unsigned arc = SPL_BOOTLOADER; arc <= SPL_MICROCODE; arc++) {
        required |= BIT(arc);
    }
    required |= signer == COF_SNP_VLEK ? BIT(CSP_ID) : BIT(HARDWARE_ID);
    uint32_t seen = reader->seen;
    if (is_turin) {
        required |= BIT(SPL_FMC);
        seen |= BIT(SPL_RESERVED_4); /* Turin's leaves leave it out */
    }
    if (seen != required) {
        return COF_FAIL(err, BAD_FORMAT,
                        "the leaf's extensions are not those of a %s of %s: set 0x%x, expected "
                        "0x%x",
                        signer == COF_SNP_VLEK ? "VLEK" : "VCEK", reader->vcek.product_name,
                        (unsigned)seen, (unsigned)required);
    }
    return COF_OK;
}

/* The bytes alone, or, in newer certificates, inside an OCTET STRING. */
static cof_status read_hardware_id(leaf_reader *reader, cof_err *err)
{
    const size_t size =
        reader->vcek.product == COF_SNP_TURIN ? HARDWARE_ID_SIZE_TURIN : HARDWARE_ID_SIZE;
    cof_view id = reader->hardware_id;
    if (id.size == size + 2 && id.data[0] == TAG_OCTETS && id.data[1] == size) {
        id = cof_view_of(id.data + 2, size);
    }
    if (id.size != size) {
        return COF_FAIL(err, BAD_FORMAT, "the leaf's hardware id has %zu bytes, expected %zu",
                        id.size, size);
    }
    memcpy(reader->vcek.chip_id, id.data, size);
    return COF_OK;
}

cof_status cof_vcek_read(const STACK_OF(X509_EXTENSION) * extensions, cof_snp_signer signer,
                         cof_vcek *out, cof_err *err)
{
    leaf_reader reader = {0};
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
        COF_TRY(read_extension(&reader, sk_X509_EXTENSION_value(extensions, i), err));
    }
    COF_TRY(check_complete(&reader, signer, err));
    if (signer == COF_SNP_VCEK) {
        COF_TRY(read_hardware_id(&reader, err));
    }
    *out = reader.vcek;
    return COF_OK;
}
