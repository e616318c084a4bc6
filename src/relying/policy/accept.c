#include "relying/policy/accept.h"

#include <stdio.h>
#include <string.h>

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

size_t cof_accept_measurement_size(cof_tee tee)
{
    return tee == COF_TEE_SIMULATED || tee == COF_TEE_SGX ? 32 : 48;
}

bool cof_accept_has_measurement(const cof_accept *accept, const uint8_t *measurement, size_t size)
{
    if (size != cof_accept_measurement_size(accept->tee)) {
        return false;
    }
    for (size_t i = 0; i < accept->measurement_count; i++) {
        if (memcmp(accept->measurements[i], measurement, size) == 0) {
            return true;
        }
    }
    return false;
}

/* Exactly size bytes as lower-case hex: one text for one value. */
static cof_status hex_of(const json_t *value, const char *what, uint8_t *out, size_t size,
                         cof_err *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != 2 * size ||
        strspn(text, "0123456789abcdef") != 2 * size ||
        cof_hex_decode(cof_view_text(text), out, size, NULL) != COF_OK) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not %zu lower-case hex digits", what, 2 * size);
    }
    return COF_OK;
}

/* A list of values of one size, each once. */
static cof_status read_list(const json_t *item, const char *key, size_t size, size_t most,
                            uint8_t (*out)[COF_ACCEPT_MEASUREMENT_SIZE], size_t *out_count,
                            cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(item, key, JSON_ARRAY, &list, err));
    const size_t count = json_array_size(list);
    if (count == 0 || count > most) {
        return COF_FAIL(err, BAD_FORMAT, "%s: %zu items, expected 1 to %zu", key, count, most);
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(hex_of(json_array_get(list, i), key, out[i], size, err));
        for (size_t j = 0; j < i; j++) {
            if (memcmp(out[i], out[j], size) == 0) {
                return COF_FAIL(err, BAD_FORMAT, "%s[%zu]: stands there twice", key, i);
            }
        }
    }
    *out_count = count;
    return COF_OK;
}

static cof_status read_measurements(const json_t *item, cof_accept *accept, cof_err *err)
{
    return read_list(item, "measurements", cof_accept_measurement_size(accept->tee),
                     COF_ACCEPT_MEASUREMENTS, accept->measurements, &accept->measurement_count,
                     err);
}

static cof_status read_signer(const json_t *item, cof_accept *accept, cof_err *err)
{
    int64_t product = 0;
    int64_t svn = 0;
    if (json_object_get(item, "measurements") != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "signer: measurements are there already");
    }
    COF_TRY(hex_of(json_object_get(item, "signer"), "signer", accept->signer, sizeof accept->signer,
                   err));
    COF_TRY(cof_json_get_int(item, "product", 0, UINT16_MAX, &product, err));
    COF_TRY(cof_json_get_int(item, "minimum_svn", 0, UINT16_MAX, &svn, err));
    accept->has_signer = true;
    accept->product = (uint16_t)product;
    accept->minimum_svn = (uint16_t)svn;
    return COF_OK;
}

/* {"0":"…"}: registers by number, without leading zeros. */
static cof_status read_registers(const json_t *item, const char *key, unsigned count, size_t size,
                                 uint8_t *out, unsigned *out_mask, cof_err *err)
{
    json_t *object = NULL;
    const char *name = NULL;
    json_t *value = NULL;
    unsigned mask = 0;
    COF_TRY(cof_json_get(item, key, JSON_OBJECT, &object, err));
    json_object_foreach(object, name, value)
    {
        unsigned index = 0;
        char text[4];
        while (index < count) {
            (void)snprintf(text, sizeof text, "%u", index);
            if (strcmp(text, name) == 0) {
                break;
            }
            index++;
        }
        if (index == count) {
            return COF_FAIL(err, BAD_FORMAT, "%s: a register that is not 0 to %u", key, count - 1);
        }
        COF_TRY(hex_of(value, key, out + index * size, size, err));
        mask |= 1U << index;
    }
    if (mask == 0) {
        return COF_FAIL(err, BAD_FORMAT, "%s: is empty", key);
    }
    *out_mask = mask;
    return COF_OK;
}

static cof_status read_svn(const json_t *item, const char *key, uint8_t *out, cof_err *err)
{
    int64_t value = 0;
    COF_TRY(cof_json_get_int(item, key, 0, UINT8_MAX, &value, err));
    *out = (uint8_t)value;
    return COF_OK;
}

static cof_status read_minimum_tcb(const json_t *item, cof_accept *accept, cof_err *err)
{
    static const char *const keys[] = {"bootloader", "fmc", "microcode", "snp", "tee"};
    json_t *object = NULL;
    COF_TRY(cof_json_get(item, "minimum_tcb", JSON_OBJECT, &object, err));
    COF_TRY(cof_json_only(object, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(read_svn(object, "bootloader", &accept->minimum_tcb.bootloader, err));
    COF_TRY(read_svn(object, "fmc", &accept->minimum_tcb.fmc, err));
    COF_TRY(read_svn(object, "microcode", &accept->minimum_tcb.microcode, err));
    COF_TRY(read_svn(object, "snp", &accept->minimum_tcb.snp, err));
    COF_TRY(read_svn(object, "tee", &accept->minimum_tcb.tee, err));
    accept->has_minimum_tcb = true;
    return COF_OK;
}

static cof_status read_tcb(const json_t *item, cof_accept *accept, cof_err *err)
{
    const json_t *tcb = json_object_get(item, "tcb");
    accept->tcb = cof_tcb_up_to_date;
    if (tcb == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_tcb_policy_parse(tcb, &accept->tcb, err));
    return cof_tcb_policy_equal(&accept->tcb, &cof_tcb_up_to_date)
               ? COF_FAIL(err, BAD_FORMAT, "tcb: is the default, which is not written")
               : COF_OK;
}

static cof_status read_simulated(const json_t *item, cof_accept *accept, cof_err *err)
{
    COF_TRY(read_measurements(item, accept, err));
    return hex_of(json_object_get(item, "root"), "root", accept->root.bytes,
                  sizeof accept->root.bytes, err);
}

static cof_status read_sgx(const json_t *item, cof_accept *accept, cof_err *err)
{
    if (json_object_get(item, "signer") != NULL) {
        COF_TRY(read_signer(item, accept, err));
    } else {
        COF_TRY(read_measurements(item, accept, err));
        if (json_object_get(item, "product") != NULL ||
            json_object_get(item, "minimum_svn") != NULL) {
            return COF_FAIL(err, BAD_FORMAT, "product, minimum_svn: go with signer");
        }
    }
    return read_tcb(item, accept, err);
}

static cof_status read_tdx(const json_t *item, cof_accept *accept, cof_err *err)
{
    COF_TRY(read_measurements(item, accept, err));
    if (json_object_get(item, "rtmrs") != NULL) {
        COF_TRY(read_registers(item, "rtmrs", 4, sizeof accept->rtmrs[0], accept->rtmrs[0],
                               &accept->rtmr_mask, err));
    }
    return read_tcb(item, accept, err);
}

static cof_status read_snp(const json_t *item, cof_accept *accept, cof_err *err)
{
    COF_TRY(read_measurements(item, accept, err));
    if (json_object_get(item, "host_data") != NULL) {
        COF_TRY(hex_of(json_object_get(item, "host_data"), "host_data", accept->host_data,
                       sizeof accept->host_data, err));
        accept->has_host_data = true;
    }
    if (json_object_get(item, "id_keys") != NULL) {
        COF_TRY(read_list(item, "id_keys", sizeof accept->id_keys[0], COF_ACCEPT_ID_KEYS,
                          accept->id_keys, &accept->id_key_count, err));
    }
    return json_object_get(item, "minimum_tcb") == NULL ? COF_OK
                                                        : read_minimum_tcb(item, accept, err);
}

static cof_status read_azure(const json_t *item, cof_accept *accept, cof_err *err)
{
    unsigned mask = 0;
    COF_TRY(read_measurements(item, accept, err));
    COF_TRY(read_registers(item, "pcrs", COF_PCR_COUNT, COF_DIGEST_SIZE,
                           accept->pcrs.values[0].bytes, &mask, err));
    accept->pcrs.mask = mask;
    if (json_object_get(item, "console") != NULL) {
        COF_TRY(cof_json_get_bool(item, "console", &accept->allows_console, err));
        if (!accept->allows_console) {
            return COF_FAIL(err, BAD_FORMAT, "console: false is the default, not written");
        }
    }
    return read_tcb(item, accept, err);
}

/* What each type is read with, and the members that it may have besides its type. */
typedef struct kind {
    cof_tee tee;
    cof_status (*read)(const json_t *item, cof_accept *accept, cof_err *err);
    const char *keys[6];
    size_t key_count;
} kind;

static const kind kinds[] = {
    {COF_TEE_SIMULATED, read_simulated, {"type", "measurements", "root"}, 3},
    {COF_TEE_SGX, read_sgx, {"type", "measurements", "minimum_svn", "product", "signer", "tcb"}, 6},
    {COF_TEE_TDX, read_tdx, {"type", "measurements", "rtmrs", "tcb"}, 4},
    {COF_TEE_SEV_SNP, read_snp, {"type", "measurements", "host_data", "id_keys", "minimum_tcb"}, 5},
    {COF_TEE_AZURE_CVM, read_azure, {"type", "measurements", "console", "pcrs", "tcb"}, 5},
};

cof_status cof_accept_parse(const json_t *item, cof_accept *out, cof_err *err)
{
    const char *type = json_string_value(json_object_get(item, "type"));
    cof_accept accept = {0};
    for (size_t i = 0; type != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(cof_tee_name(kinds[i].tee), type) == 0) {
            accept.tee = kinds[i].tee;
            COF_TRY(cof_json_only(item, kinds[i].keys, kinds[i].key_count, err));
            COF_TRY(kinds[i].read(item, &accept, err));
            *out = accept;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "type: not a platform's");
}
