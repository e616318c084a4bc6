/* The keys of `platform` in job.yaml and in policy files. */
#include <string.h>

#include "relying/contract/job_table.h"
#include "tcb/wire/text.h"

enum { COMPONENTS = 5, REGISTER_NAME = 2 };

/* What the keys of one platform are read into, before it is one. */
typedef struct draft {
    cof_job_platform platform;
    bool has_signer;
    int64_t product;     /* -1: absent */
    int64_t minimum_svn; /* -1: absent */
} draft;

#define ACCEPT(member) offsetof(draft, platform.accept.member)

/* ---- values ---- */

static bool read_hex(cof_walk *walk, const cof_yaml_node *node, const char *what, uint8_t *out,
                     size_t size, const char *remedy)
{
    if (node->kind == COF_YAML_SCALAR && strlen(node->text) == 2 * size &&
        strspn(node->text, "0123456789abcdef") == 2 * size &&
        cof_hex_decode(cof_view_text(node->text), out, size, NULL) == COF_OK) {
        return true;
    }
    cof_walk_problem(walk, node, remedy, "%s is %zu lower-case hex digits", what, 2 * size);
    return false;
}

static void read_hex_list(cof_walk *walk, const cof_yaml_node *node, const char *list,
                          const char *what, size_t size, size_t most,
                          uint8_t (*out)[COF_ACCEPT_MEASUREMENT_SIZE], size_t *count)
{
    if (!cof_walk_is_list(walk, node, list, 1, most)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!read_hex(walk, item, what, out[*count], size,
                      size == 32 ? "coffer contract explain shows that of the installed worker"
                                 : NULL)) {
            continue;
        }
        for (size_t i = 0; i < *count; i++) {
            if (memcmp(out[i], out[*count], size) == 0) {
                cof_walk_problem(walk, item, "remove one", "%s is listed twice", what);
            }
        }
        (*count)++;
    }
}

static void read_measurements_32(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    read_hex_list(walk, node, "the list of measurements", "a measurement", 32,
                  COF_ACCEPT_MEASUREMENTS, accept->measurements, &accept->measurement_count);
}

static void read_measurements_48(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    read_hex_list(walk, node, "the list of measurements", "a measurement", 48,
                  COF_ACCEPT_MEASUREMENTS, accept->measurements, &accept->measurement_count);
}

static void read_id_keys(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    read_hex_list(walk, node, "the list of id keys", "the digest of an id key", 48,
                  COF_ACCEPT_ID_KEYS, accept->id_keys, &accept->id_key_count);
}

static void read_root(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    draft *d = out;
    d->platform.has_root = read_hex(walk, node, "a root", d->platform.accept.root.bytes,
                                    COF_DIGEST_SIZE, "coffer up --json prints it");
}

static void read_signer(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    draft *d = out;
    d->has_signer = read_hex(walk, node, "a signer (MRSIGNER)", d->platform.accept.signer,
                             sizeof d->platform.accept.signer, NULL);
}

static void read_host_data(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    accept->has_host_data =
        read_hex(walk, node, "host data", accept->host_data, sizeof accept->host_data, NULL);
}

/* {0: …, 11: …}: registers by number. */
static void read_registers(cof_walk *walk, const cof_yaml_node *node, unsigned count, size_t size,
                           uint8_t *values, unsigned *mask)
{
    if (node->kind != COF_YAML_MAP || node->first == NULL) {
        cof_walk_problem(walk, node, "write them as {0: <hex>}", "the registers are not a map");
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        const char *name = item->key->text;
        unsigned index = count;
        if (strlen(name) <= REGISTER_NAME && strspn(name, "0123456789") == strlen(name) &&
            name[0] != '\0' && (name[0] != '0' || name[1] == '\0')) {
            index = (unsigned)(name[1] == '\0' ? name[0] - '0'
                                               : 10 * (name[0] - '0') + (name[1] - '0'));
        }
        if (index >= count) {
            cof_walk_problem(walk, item, NULL, "there is no such register; they are 0 to %u",
                             count - 1);
        } else if (read_hex(walk, item, "a register", values + index * size, size, NULL)) {
            *mask |= 1U << index;
        }
    }
}

static void read_rtmrs(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    read_registers(walk, node, 4, sizeof accept->rtmrs[0], accept->rtmrs[0], &accept->rtmr_mask);
}

static void read_pcrs(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    unsigned mask = 0;
    read_registers(walk, node, COF_PCR_COUNT, COF_DIGEST_SIZE, accept->pcrs.values[0].bytes, &mask);
    accept->pcrs.mask = mask;
}

static const cof_walk_key tcb_component_keys[] = {
    {.name = "bootloader", .type = COF_WALK_INTEGER, .offset = 0, .fallback = "0", .high = 255},
    {.name = "fmc", .type = COF_WALK_INTEGER, .offset = 8, .fallback = "0", .high = 255},
    {.name = "microcode", .type = COF_WALK_INTEGER, .offset = 16, .fallback = "0", .high = 255},
    {.name = "snp", .type = COF_WALK_INTEGER, .offset = 24, .fallback = "0", .high = 255},
    {.name = "tee", .type = COF_WALK_INTEGER, .offset = 32, .fallback = "0", .high = 255},
};
static const cof_walk_table tcb_component_table = TABLE(tcb_component_keys);

static void read_minimum_tcb(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_accept *accept = out;
    int64_t values[COMPONENTS] = {0};
    cof_walk_map(walk, node, "minimum_tcb", &tcb_component_table, values);
    accept->has_minimum_tcb = true;
    accept->minimum_tcb = (cof_snp_tcb){.bootloader = (uint8_t)values[0],
                                        .fmc = (uint8_t)values[1],
                                        .microcode = (uint8_t)values[2],
                                        .snp = (uint8_t)values[3],
                                        .tee = (uint8_t)values[4]};
}

/* ---- tcb ---- */

static void read_statuses(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_tcb_policy *policy = out;
    if (!cof_walk_is_list(walk, node, "the list of TCB statuses", 1, COF_TCB_STATUS_COUNT)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        cof_tcb_status status = COF_TCB_UNRATED;
        if (item->kind != COF_YAML_SCALAR ||
            !cof_tcb_status_from_name(cof_view_text(item->text), &status)) {
            cof_walk_problem(walk, item, "such as UpToDate, SWHardeningNeeded, OutOfDate",
                             "this is not a TCB status of Intel's");
        } else if (status == COF_TCB_REVOKED) {
            cof_walk_problem(walk, item, "remove it", "a revoked TCB is never accepted");
        } else {
            policy->statuses |= 1U << (unsigned)status;
        }
    }
}

static void read_advisories(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_tcb_policy *policy = out;
    if (node->kind == COF_YAML_SCALAR && strcmp(node->text, "any") == 0) {
        policy->any_advisory = true;
        return;
    }
    if (!cof_walk_is_list(walk, node, "the list of accepted advisories", 0, COF_ADVISORIES_MAX)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (item->kind != COF_YAML_SCALAR ||
            cof_advisories_add(&policy->advisories, cof_view_text(item->text), NULL) != COF_OK) {
            cof_walk_problem(walk, item, "write it as INTEL-SA-00615", "this is not an advisory");
        }
    }
}

typedef struct tcb_draft {
    cof_tcb_policy policy;
    int64_t minimum_evaluation;
} tcb_draft;

static const cof_walk_key tcb_keys[] = {
    {.name = "statuses",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(tcb_draft, policy),
     .is_required = true,
     .read = read_statuses},
    {.name = "advisories",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(tcb_draft, policy),
     .read = read_advisories},
    KEY(INTEGER, tcb_draft, minimum_evaluation, .fallback = "0", .high = UINT32_MAX),
};
static const cof_walk_table tcb_table = TABLE(tcb_keys);

static void read_tcb(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    static const char *const texts[] = {"up-to-date", "azure"};
    static const cof_names presets = {.count = COUNT_OF(texts), .texts = texts};
    cof_accept *accept = out;
    tcb_draft d = {0};
    size_t preset = 0;
    if (node->kind == COF_YAML_MAP) {
        cof_walk_map(walk, node, "tcb", &tcb_table, &d);
        accept->tcb = d.policy;
        accept->tcb.minimum_evaluation = (uint32_t)d.minimum_evaluation;
    } else if (node->kind == COF_YAML_SCALAR && cof_names_find(&presets, node->text, &preset)) {
        accept->tcb = preset == 0 ? cof_tcb_up_to_date : cof_tcb_azure;
    } else {
        char remedy[COF_DIAGNOSTICS_REMEDY];
        cof_walk_problem(walk, node,
                         cof_walk_suggest(node->kind == COF_YAML_SCALAR ? node->text : NULL,
                                          "write {statuses: [...]}, or one of", &presets, remedy),
                         "this is not a TCB policy");
    }
}

/* ---- platforms ---- */

#define TYPE                                                                                       \
    {                                                                                              \
        .name = "type", .type = COF_WALK_CHOICE, .offset = offsetof(draft, platform.type),         \
        .is_required = true, .names = &cof_names_platform                                          \
    }
#define CUSTOM(name_, offset_, read_)                                                              \
    {                                                                                              \
        .name = name_, .type = COF_WALK_CUSTOM, .offset = (offset_), .read = (read_)               \
    }
#define ACCEPTED(name_, read_) CUSTOM(name_, offsetof(draft, platform.accept), read_)

static const cof_walk_key simulated_keys[] = {TYPE, ACCEPTED("measurements", read_measurements_32),
                                              CUSTOM("root", 0, read_root)};
static const cof_walk_key sgx_keys[] = {TYPE,
                                        ACCEPTED("measurements", read_measurements_32),
                                        CUSTOM("signer", 0, read_signer),
                                        KEY(INTEGER, draft, product, .high = UINT16_MAX),
                                        KEY(INTEGER, draft, minimum_svn, .high = UINT16_MAX),
                                        ACCEPTED("tcb", read_tcb)};
static const cof_walk_key tdx_keys[] = {TYPE, ACCEPTED("measurements", read_measurements_48),
                                        ACCEPTED("rtmrs", read_rtmrs), ACCEPTED("tcb", read_tcb)};
static const cof_walk_key snp_keys[] = {
    TYPE, ACCEPTED("measurements", read_measurements_48), ACCEPTED("host_data", read_host_data),
    ACCEPTED("id_keys", read_id_keys), ACCEPTED("minimum_tcb", read_minimum_tcb)};
static const cof_walk_key azure_keys[] = {
    TYPE,
    ACCEPTED("measurements", read_measurements_48),
    ACCEPTED("pcrs", read_pcrs),
    {.name = "console", .type = COF_WALK_BOOLEAN, .offset = ACCEPT(allows_console)},
    ACCEPTED("tcb", read_tcb)};

/* In the order of cof_contract_platform_type. */
static const cof_walk_table platform_tables[COF_CONTRACT_PLATFORMS] = {
    TABLE(simulated_keys), TABLE(sgx_keys), TABLE(tdx_keys), TABLE(snp_keys), TABLE(azure_keys)};

static void check_signer(cof_walk *walk, const cof_yaml_node *node, draft *d)
{
    cof_accept *accept = &d->platform.accept;
    if (!d->has_signer) {
        if (d->product >= 0 || d->minimum_svn >= 0) {
            cof_walk_problem(walk, node, "write signer, product and minimum_svn together",
                             "product and minimum_svn go with a signer");
        }
        return;
    }
    if (accept->measurement_count > 0 || d->product < 0 || d->minimum_svn < 0) {
        cof_walk_problem(walk, node, "write measurements, or signer, product and minimum_svn",
                         "a signer goes with product and minimum_svn, and without measurements");
        return;
    }
    accept->has_signer = true;
    accept->product = (uint16_t)d->product;
    accept->minimum_svn = (uint16_t)d->minimum_svn;
}

static void read_platform(cof_walk *walk, const cof_yaml_node *node, cof_job_platform *out)
{
    const cof_walk_key choice = TYPE;
    draft d = {
        .platform = {.node = node, .type = COF_JOB_UNKNOWN, .accept.tcb = cof_tcb_up_to_date},
        .product = -1,
        .minimum_svn = -1};
    if (node->kind == COF_YAML_MAP) {
        cof_walk_variant(walk, node, "a platform", "type", &cof_names_platform, platform_tables,
                         &d);
        check_signer(walk, node, &d);
    } else {
        (void)cof_walk_scalar(walk, node, &choice, &d.platform.type);
    }
    if (d.platform.type != COF_JOB_UNKNOWN) {
        d.platform.accept.tee = (cof_tee)(d.platform.type + 1);
    }
    if (d.platform.type == COF_CONTRACT_AZURE_CVM && d.platform.accept.pcrs.mask == 0) {
        cof_walk_problem(walk, node, "write {type: azure-cvm, measurements: [...], pcrs: {...}}",
                         "an Azure VM is known by its PCRs alone: they must be given");
    }
    *out = d.platform;
}

static void read_accept(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_accept *accept = out;
    if (!cof_walk_is_list(walk, node, "the list of accepted platforms", 1,
                          COF_CONTRACT_PLATFORMS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        cof_job_platform *platform = &accept->items[accept->count];
        read_platform(walk, item, platform);
        for (size_t i = 0; i < accept->count; i++) {
            if (accept->items[i].type == platform->type && platform->type != COF_JOB_UNKNOWN) {
                cof_walk_problem(walk, item, "put all its measurements into one",
                                 "this platform is listed twice");
            }
        }
        accept->count++;
    }
}

static const cof_walk_key accept_keys[] = {
    {.name = "accept", .type = COF_WALK_CUSTOM, .is_required = true, .read = read_accept},
};
const cof_walk_table cof_platform_table = TABLE(accept_keys);

_Static_assert((int)COF_CONTRACT_SIMULATED + 1 == (int)COF_TEE_SIMULATED &&
                   (int)COF_CONTRACT_AZURE_CVM + 1 == (int)COF_TEE_AZURE_CVM,
               "a contract's platform types are the kinds of evidence, in the same order");
