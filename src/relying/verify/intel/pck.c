/*
 * Implementation notes
 *
 * The extension is read with a DER reader of a page's length rather than with generated templates:
 * the structure is small and fixed, and a template parser would accept BER, repeated elements and
 * unknown ones. Elements are named by the last arc of their OID under 1.2.840.113741.1.13.1.
 */
#include "relying/verify/intel/pck.h"

#include <string.h>

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_SEQUENCE = 0x30
};

/* 1.2.840.113741.1.13.1 */
static const uint8_t sgx_arcs[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum {
    ARC_PPID = 1,
    ARC_TCB = 2,
    ARC_PCE_ID = 3,
    ARC_FMSPC = 4,
    ARC_SGX_TYPE = 5,
    ARC_PLATFORM_INSTANCE = 6,
    ARC_CONFIGURATION = 7,
    ARC_TCB_PCE_SVN = 17,
    ARC_TCB_CPU_SVN = 18,
    ARC_DYNAMIC_PLATFORM = 1,
    ARC_CACHED_KEYS = 2,
    ARC_SMT = 3
};

/* Cuts the next element of this tag off *rest. Lengths must be in their shortest form. */
static cof_status next_element(cof_view *rest, uint8_t tag, cof_view *out, cof_err *err)
{
    const uint8_t *at = rest->data;
    size_t left = rest->size;
    if (left < 2 || at[0] != tag) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: expected an element of tag 0x%02x", tag);
    }
    size_t size = at[1];
    size_t header = 2;
    if (size == 0x81 && left >= 3 && at[2] >= 0x80) {
        size = at[2];
        header = 3;
    } else if (size == 0x82 && left >= 4 && at[2] != 0) {
        size = (size_t)at[2] << 8 | at[3];
        header = 4;
    } else if (size >= 0x80) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: a length is not in DER form");
    }
    if (size > left - header) {
        return COF_FAIL(err, BAD_FORMAT,
                        "SGX extension: an element of %zu bytes where %zu are left", size,
                        left - header);
    }
    *out = cof_view_of(at + header, size);
    *rest = cof_view_of(at + header + size, left - header - size);
    return COF_OK;
}

/* Cuts SEQUENCE { OID prefix.arc, value } off *rest; gives the arc and what follows the OID. */
static cof_status next_pair(cof_view *rest, cof_view prefix, uint8_t *out_arc, cof_view *out_value,
                            cof_err *err)
{
    cof_view pair = {0};
    cof_view oid = {0};
    COF_TRY(next_element(rest, DER_SEQUENCE, &pair, err));
    COF_TRY(next_element(&pair, DER_OID, &oid, err));
    if (oid.size != prefix.size + 1 || memcmp(oid.data, prefix.data, prefix.size) != 0) {
        return COF_FAIL(err, BAD_FORMAT,
                        "SGX extension: an element with an unknown object identifier");
    }
    *out_arc = oid.data[prefix.size];
    *out_value = pair;
    return COF_OK;
}

/* Marks an arc as seen. Each may stand once. */
static cof_status see(uint32_t *seen, uint8_t arc, uint8_t last, cof_err *err)
{
    if (arc == 0 || arc > last) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: unknown element %u", arc);
    }
    if ((*seen & (UINT32_C(1) << arc)) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: element %u stands twice", arc);
    }
    *seen |= UINT32_C(1) << arc;
    return COF_OK;
}

static cof_status finish(cof_view rest, cof_err *err)
{
    return rest.size == 0
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "SGX extension: %zu bytes left over", rest.size);
}

static cof_status read_octets(cof_view value, size_t size, void *out, cof_err *err)
{
    cof_view octets = {0};
    COF_TRY(next_element(&value, DER_OCTETS, &octets, err));
    COF_TRY(finish(value, err));
    if (octets.size != size) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: %zu octets, expected %zu", octets.size,
                        size);
    }
    memcpy(out, octets.data, size);
    return COF_OK;
}

/* A non-negative INTEGER or ENUMERATED of at most high (below 65536), in minimal form. */
static cof_status read_number(cof_view value, uint8_t tag, unsigned high, unsigned *out,
                              cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(next_element(&value, tag, &bytes, err));
    COF_TRY(finish(value, err));
    const bool is_padded = bytes.size > 1 && bytes.data[0] == 0 && bytes.data[1] < 0x80;
    if (bytes.size == 0 || bytes.size > 3 || bytes.data[0] >= 0x80 || is_padded) {
        return COF_FAIL(err, BAD_FORMAT,
                        "SGX extension: a number is negative, too long or not minimal");
    }
    unsigned number = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    if (number > high) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: %u, at most %u", number, high);
    }
    *out = number;
    return COF_OK;
}

static cof_status read_tcb(cof_view value, cof_pck *pck, cof_err *err)
{
    uint8_t prefix_bytes[sizeof sgx_arcs + 1];
    memcpy(prefix_bytes, sgx_arcs, sizeof sgx_arcs);
    prefix_bytes[sizeof sgx_arcs] = ARC_TCB;
    const cof_view prefix = cof_view_of(prefix_bytes, sizeof prefix_bytes);
    cof_view rest = {0};
    COF_TRY(next_element(&value, DER_SEQUENCE, &rest, err));
    COF_TRY(finish(value, err));
    uint32_t seen = 0;
    while (rest.size > 0) {
        uint8_t arc = 0;
        cof_view element = {0};
        unsigned number = 0;
        COF_TRY(next_pair(&rest, prefix, &arc, &element, err));
        COF_TRY(see(&seen, arc, ARC_TCB_CPU_SVN, err));
        if (arc <= COF_PCK_COMPONENTS) {
            COF_TRY(read_number(element, DER_INTEGER, UINT8_MAX, &number, err));
            pck->components[arc - 1] = (uint8_t)number;
        } else if (arc == ARC_TCB_PCE_SVN) {
            COF_TRY(read_number(element, DER_INTEGER, UINT16_MAX, &number, err));
            pck->pce_svn = (uint16_t)number;
        } else {
            COF_TRY(read_octets(element, sizeof pck->cpu_svn, pck->cpu_svn, err));
        }
    }
    const uint32_t all = ((UINT32_C(1) << (ARC_TCB_CPU_SVN + 1)) - 1) & ~UINT32_C(1);
    return seen == all ? COF_OK
                       : COF_FAIL(err, BAD_FORMAT, "SGX extension: the TCB is not complete");
}

static cof_status read_truth(cof_view value, bool *out, cof_err *err)
{
    cof_view truth = {0};
    COF_TRY(next_element(&value, DER_BOOLEAN, &truth, err));
    COF_TRY(finish(value, err));
    if (truth.size != 1 || (truth.data[0] != 0 && truth.data[0] != 0xff)) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: a truth value is not in DER form");
    }
    *out = truth.data[0] != 0;
    return COF_OK;
}

/* Three BOOLEANs, each optional, each once. */
static cof_status read_configuration(cof_view value, cof_pck *pck, cof_err *err)
{
    uint8_t prefix_bytes[sizeof sgx_arcs + 1];
    memcpy(prefix_bytes, sgx_arcs, sizeof sgx_arcs);
    prefix_bytes[sizeof sgx_arcs] = ARC_CONFIGURATION;
    const cof_view prefix = cof_view_of(prefix_bytes, sizeof prefix_bytes);
    cof_view rest = {0};
    COF_TRY(next_element(&value, DER_SEQUENCE, &rest, err));
    COF_TRY(finish(value, err));
    uint32_t seen = 0;
    while (rest.size > 0) {
        uint8_t arc = 0;
        cof_view element = {0};
        bool truth = false;
        COF_TRY(next_pair(&rest, prefix, &arc, &element, err));
        COF_TRY(see(&seen, arc, ARC_SMT, err));
        COF_TRY(read_truth(element, &truth, err));
        if (arc == ARC_DYNAMIC_PLATFORM) {
            pck->has_dynamic_platform = true;
            pck->is_dynamic_platform = truth;
        } else if (arc == ARC_CACHED_KEYS) {
            pck->has_cached_keys = true;
            pck->is_cached_keys = truth;
        } else {
            pck->has_smt = true;
            pck->is_smt_enabled = truth;
        }
    }
    return COF_OK;
}

static cof_status read_element(uint8_t arc, cof_view value, cof_pck *pck, cof_err *err)
{
    unsigned number = 0;
    switch (arc) {
    case ARC_PPID:
        return read_octets(value, sizeof pck->ppid, pck->ppid, err);
    case ARC_TCB:
        return read_tcb(value, pck, err);
    case ARC_PCE_ID:
        return read_octets(value, sizeof pck->pce_id, pck->pce_id, err);
    case ARC_FMSPC:
        return read_octets(value, sizeof pck->fmspc, pck->fmspc, err);
    case ARC_SGX_TYPE:
        COF_TRY(read_number(value, DER_ENUMERATED, 2, &number, err));
        pck->sgx_type = (uint8_t)number;
        return COF_OK;
    case ARC_PLATFORM_INSTANCE:
        pck->has_platform_instance = true;
        return read_octets(value, sizeof pck->platform_instance, pck->platform_instance, err);
    default:
        return read_configuration(value, pck, err);
    }
}

cof_status cof_pck_parse(cof_view der, cof_pck *out_pck, cof_err *err)
{
    const cof_view prefix = cof_view_of(sgx_arcs, sizeof sgx_arcs);
    cof_view rest = {0};
    COF_TRY(next_element(&der, DER_SEQUENCE, &rest, err));
    COF_TRY(finish(der, err));
    cof_pck pck = {0};
    uint32_t seen = 0;
    while (rest.size > 0) {
        uint8_t arc = 0;
        cof_view value = {0};
        COF_TRY(next_pair(&rest, prefix, &arc, &value, err));
        COF_TRY(see(&seen, arc, ARC_CONFIGURATION, err));
        COF_TRY(read_element(arc, value, &pck, err));
    }
    /* Arcs 1 to 5 are in every PCK certificate; 6 and 7 only in those of the platform CA. */
    if ((seen & 0x3e) != 0x3e) {
        return COF_FAIL(err, BAD_FORMAT, "SGX extension: an element is missing");
    }
    *out_pck = pck;
    return COF_OK;
}
