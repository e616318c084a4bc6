#include <stdio.h>

#include "relying/policy/accept.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { HEX_SIZE = 2 * COF_ACCEPT_MEASUREMENT_SIZE + 1 };

static cof_status set_hex(json_t *object, const char *key, const uint8_t *bytes, size_t size,
                          cof_err *err)
{
    char text[HEX_SIZE];
    cof_hex_text(cof_view_of(bytes, size), text);
    return cof_json_set(object, key, json_string(text), err);
}

static cof_status set_list(json_t *object, const char *key,
                           const uint8_t (*items)[COF_ACCEPT_MEASUREMENT_SIZE], size_t count,
                           size_t size, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char text[HEX_SIZE];
        cof_hex_text(cof_view_of(items[i], size), text);
        COF_TRY(cof_json_append(list, json_string(text), err));
    }
    return cof_json_set(object, key, json_incref(list), err);
}

static cof_status set_registers(json_t *object, const char *key, unsigned mask,
                                const uint8_t *values, size_t size, cof_err *err)
{
    COF_JSON json_t *registers = json_object();
    for (unsigned i = 0; mask >> i != 0; i++) {
        if ((mask >> i & 1U) != 0) {
            char name[4];
            (void)snprintf(name, sizeof name, "%u", i % 100U);
            COF_TRY(set_hex(registers, name, values + i * size, size, err));
        }
    }
    return cof_json_set(object, key, json_incref(registers), err);
}

static cof_status print_snp(const cof_accept *accept, json_t *object, cof_err *err)
{
    const cof_snp_tcb *tcb = &accept->minimum_tcb;
    if (accept->has_host_data) {
        COF_TRY(set_hex(object, "host_data", accept->host_data, sizeof accept->host_data, err));
    }
    if (accept->id_key_count > 0) {
        COF_TRY(set_list(object, "id_keys", accept->id_keys, accept->id_key_count,
                         sizeof accept->id_keys[0], err));
    }
    return !accept->has_minimum_tcb
               ? COF_OK
               : cof_json_set(object, "minimum_tcb",
                              json_pack("{s:i,s:i,s:i,s:i,s:i}", "bootloader", (int)tcb->bootloader,
                                        "fmc", (int)tcb->fmc, "microcode", (int)tcb->microcode,
                                        "snp", (int)tcb->snp, "tee", (int)tcb->tee),
                              err);
}

static cof_status print_identity(const cof_accept *accept, json_t *object, cof_err *err)
{
    if (accept->has_signer) {
        COF_TRY(set_hex(object, "signer", accept->signer, sizeof accept->signer, err));
        COF_TRY(cof_json_set(object, "product", json_integer(accept->product), err));
        return cof_json_set(object, "minimum_svn", json_integer(accept->minimum_svn), err);
    }
    return set_list(object, "measurements", accept->measurements, accept->measurement_count,
                    cof_accept_measurement_size(accept->tee), err);
}

static cof_status print_rest(const cof_accept *accept, json_t *object, cof_err *err)
{
    if (accept->tee == COF_TEE_SIMULATED) {
        return set_hex(object, "root", accept->root.bytes, sizeof accept->root.bytes, err);
    }
    if (accept->tee == COF_TEE_SEV_SNP) {
        return print_snp(accept, object, err);
    }
    if (accept->rtmr_mask != 0) {
        COF_TRY(set_registers(object, "rtmrs", accept->rtmr_mask, accept->rtmrs[0],
                              sizeof accept->rtmrs[0], err));
    }
    if (accept->tee == COF_TEE_AZURE_CVM) {
        COF_TRY(set_registers(object, "pcrs", accept->pcrs.mask, accept->pcrs.values[0].bytes,
                              COF_DIGEST_SIZE, err));
    }
    if (accept->allows_console) {
        COF_TRY(cof_json_set(object, "console", json_true(), err));
    }
    if (cof_tcb_policy_equal(&accept->tcb, &cof_tcb_up_to_date)) {
        return COF_OK;
    }
    json_t *tcb = NULL;
    COF_TRY(cof_tcb_policy_print(&accept->tcb, &tcb, err));
    return cof_json_set(object, "tcb", tcb, err);
}

cof_status cof_accept_print(const cof_accept *accept, json_t **out, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_TRY(cof_json_set(object, "type", json_string(cof_tee_name(accept->tee)), err));
    COF_TRY(print_identity(accept, object, err));
    COF_TRY(print_rest(accept, object, err));
    *out = json_incref(object);
    return COF_OK;
}
