#include "vtpm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <tss2/tss2_tcti_swtpm.h>
#include <unistd.h>

#include "harness/cof_test.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum {
    NV_REPORT = 0x01400001,
    NV_USER_DATA = 0x01400002,
    PIECE = 1024,
    COMMAND_CODE_AT = 6,
    NV_INDEX_AT = 14,
    AUTH_SIZE_AT = 18,
    START_TRIES = 500,
};
static const TPM2_HANDLE ATTESTATION_KEY = 0x81000003;

#define assert_tpm(call) assert_int_equal((call), TSS2_RC_SUCCESS)

static vtpm *current;

/* ---- the paravisor ---- */

static void write_report(vtpm *tpm, cof_view bytes)
{
    ESYS_TR nv = ESYS_TR_NONE;
    assert_tpm(
        Esys_TR_FromTPMPublic(tpm->esys, NV_REPORT, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv));
    for (size_t at = 0; at < bytes.size; at += PIECE) {
        TPM2B_MAX_NV_BUFFER piece = {
            .size = (uint16_t)(bytes.size - at < PIECE ? bytes.size - at : PIECE)};
        memcpy(piece.buffer, bytes.data + at, piece.size);
        assert_tpm(Esys_NV_Write(tpm->esys, ESYS_TR_RH_PLATFORM, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &piece, (uint16_t)at));
    }
    assert_tpm(Esys_TR_Close(tpm->esys, &nv));
}

static void put_u32(uint8_t *place, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        place[i] = (uint8_t)(value >> 8 * i);
    }
}

void vtpm_refresh(vtpm *tpm, const uint8_t user_data[static VTPM_USER_DATA_SIZE])
{
    uint8_t report[VTPM_NV_SIZE] = "HCLA";
    char hex[2 * VTPM_USER_DATA_SIZE + 1];
    uint8_t report_data[64] = {0};
    cof_digest digest;
    char *claims = (char *)report + 1236;
    cof_hex_text(cof_view_of(user_data, VTPM_USER_DATA_SIZE), hex);
    const int size = snprintf(
        claims, VTPM_NV_SIZE - 1236,
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
        "\"n\":\"%s\"}],\"vm-configuration\":{\"console-enabled\":false,\"current-time\":%d,"
        "\"secure-boot\":%s,\"tpm-enabled\":true},\"user-data\":\"%s\"}",
        tpm->modulus, tpm->reports, tpm->secure_boot, hex);
    assert_true(size > 0 && size < VTPM_NV_SIZE - 1236);
    assert_ok(cof_digest_of(cof_view_of(claims, (size_t)size), &digest, NULL));
    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    put_u32(report + 4, 2);
    put_u32(report + 8, 1216 + 20 + (uint32_t)size);
    put_u32(report + 12, 2);
    tpm->hardware(tpm->context, report_data, report + 32);
    put_u32(report + 1216, 20 + (uint32_t)size);
    put_u32(report + 1220, 1);
    put_u32(report + 1224, tpm->type == 0 ? 2 : tpm->type);
    put_u32(report + 1228, tpm->hash == 0 ? 1 : tpm->hash);
    put_u32(report + 1232, (uint32_t)size);
    write_report(tpm, cof_view_of(report, sizeof report));
    tpm->reports++;
}

static void take_user_data_over(vtpm *tpm)
{
    if (tpm->has_user_data && !tpm->is_deaf) {
        if (tpm->delay > 0) {
            tpm->delay--;
            return;
        }
        tpm->has_user_data = false;
        vtpm_refresh(tpm, tpm->user_data);
    }
}

static void extend_a_pcr(vtpm *tpm)
{
    const TPML_DIGEST_VALUES values = {.count = 1, .digests = {{.hashAlg = TPM2_ALG_SHA256}}};
    assert_tpm(Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR16, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &values));
}

/* After a command of the code under test was answered. */
static void act(vtpm *tpm)
{
    if (tpm->command == TPM2_CC_NV_Write && tpm->index == NV_USER_DATA) {
        take_user_data_over(tpm);
    } else if (tpm->command == TPM2_CC_NV_Read && tpm->index == NV_REPORT && tpm->offset == 0) {
        tpm->reads++;
        if (tpm->torn > 0 && tpm->reports > 1) {
            /* The rest of what is being read is another report's. */
            tpm->torn--;
            vtpm_refresh(tpm, tpm->user_data);
        }
        take_user_data_over(tpm);
    } else if (tpm->command == TPM2_CC_Quote && tpm->extends > 0) {
        tpm->extends--;
        extend_a_pcr(tpm);
    }
}

/* ---- the TCTI between ---- */

static uint32_t get_u32(const uint8_t *place)
{
    return (uint32_t)place[0] << 24 | (uint32_t)place[1] << 16 | (uint32_t)place[2] << 8 | place[3];
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    (void)context;
    vtpm *tpm = current;
    tpm->command = get_u32(command + COMMAND_CODE_AT);
    const bool is_nv = tpm->command == TPM2_CC_NV_Write || tpm->command == TPM2_CC_NV_Read;
    tpm->index = is_nv ? get_u32(command + NV_INDEX_AT) : 0;
    if (is_nv) {
        const uint8_t *parameters = command + AUTH_SIZE_AT + 4 + get_u32(command + AUTH_SIZE_AT);
        tpm->offset = (uint32_t)parameters[2] << 8 | parameters[3]; /* of a read: size, offset */
        if (tpm->index == NV_USER_DATA && tpm->command == TPM2_CC_NV_Write) {
            assert_int_equal(parameters[0] << 8 | parameters[1], VTPM_USER_DATA_SIZE);
            memcpy(tpm->user_data, parameters + 2, VTPM_USER_DATA_SIZE);
            tpm->has_user_data = true;
        }
    }
    return Tss2_Tcti_Transmit(tpm->tcti, size, command);
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout)
{
    (void)context;
    const TSS2_RC code = Tss2_Tcti_Receive(current->tcti, size, response, timeout);
    if (code == TSS2_RC_SUCCESS && response != NULL && get_u32(response + 6) == TPM2_RC_SUCCESS) {
        act(current);
    }
    return code;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
    (void)context;
}

TSS2_RC vtpm_tcti_init(TSS2_TCTI_CONTEXT *context, size_t *size, const char *path)
{
    (void)path;
    if (context == NULL) {
        *size = sizeof(TSS2_TCTI_CONTEXT_COMMON_V1);
        return TSS2_RC_SUCCESS;
    }
    TSS2_TCTI_CONTEXT_COMMON_V1 *common = (TSS2_TCTI_CONTEXT_COMMON_V1 *)context;
    *common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = 0x636f66666572,
                                            .version = 1,
                                            .transmit = transmit,
                                            .receive = receive,
                                            .finalize = finalize};
    return TSS2_RC_SUCCESS;
}

/* ---- set up ---- */

static void run_swtpm(vtpm *tpm)
{
    char state[COF_TEMPDIR_SIZE + 32];
    char server[COF_TEMPDIR_SIZE + 64];
    char control[COF_TEMPDIR_SIZE + 64];
    (void)snprintf(state, sizeof state, "dir=%s", tpm->folder);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s/tpm.sock", tpm->folder);
    (void)snprintf(control, sizeof control, "type=unixio,path=%s/tpm.sock.ctrl", tpm->folder);
    tpm->pid = fork();
    assert_true(tpm->pid >= 0);
    if (tpm->pid == 0) {
        /* It reports each connection. */
        (void)!freopen("/dev/null", "w", stdout);
        (void)!freopen("/dev/null", "w", stderr);
        (void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
                     "--ctrl", control, "--flags", "not-need-init,startup-clear", (char *)NULL);
        _exit(127);
    }
}

static void connect_to(vtpm *tpm)
{
    size_t size = 0;
    (void)snprintf(tpm->socket, sizeof tpm->socket, "path=%s/tpm.sock", tpm->folder);
    assert_tpm(Tss2_Tcti_Swtpm_Init(NULL, &size, NULL));
    tpm->tcti = calloc(1, size);
    assert_non_null(tpm->tcti);
    for (int i = 0; Tss2_Tcti_Swtpm_Init(tpm->tcti, &size, tpm->socket) != TSS2_RC_SUCCESS; i++) {
        assert_true(i < START_TRIES);
        (void)usleep(10000);
        memset(tpm->tcti, 0, size);
    }
    assert_tpm(Esys_Initialize(&tpm->esys, tpm->tcti, NULL));
}

static void make_key(vtpm *tpm)
{
    const TPM2B_SENSITIVE_CREATE sensitive = {0};
    const TPM2B_DATA outside = {0};
    const TPML_PCR_SELECTION no_pcrs = {0};
    const TPM2B_PUBLIC template = {
        .publicArea = {
            .type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_RESTRICTED |
                                TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH,
            .parameters.rsaDetail = {
                .symmetric.algorithm = TPM2_ALG_NULL,
                .scheme = {.scheme = TPM2_ALG_RSASSA, .details.rsassa.hashAlg = TPM2_ALG_SHA256},
                .keyBits = 2048}}};
    ESYS_TR primary = ESYS_TR_NONE;
    ESYS_TR persistent = ESYS_TR_NONE;
    TPM2B_PUBLIC *made = NULL;
    TPM2B_CREATION_DATA *data = NULL;
    TPM2B_DIGEST *hash = NULL;
    TPMT_TK_CREATION *ticket = NULL;
    assert_tpm(Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &sensitive, &template, &outside, &no_pcrs, &primary,
                                  &made, &data, &hash, &ticket));
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof tpm->modulus};
    const TPM2B_PUBLIC_KEY_RSA *modulus = &made->publicArea.unique.rsa;
    assert_ok(cof_base64url_encode(cof_view_of(modulus->buffer, modulus->size), &text, NULL));
    memcpy(tpm->modulus, text.data, text.size);
    tpm->modulus[text.size] = '\0';
    assert_tpm(Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, primary, ESYS_TR_PASSWORD,
                                 ESYS_TR_NONE, ESYS_TR_NONE, ATTESTATION_KEY, &persistent));
    assert_tpm(Esys_FlushContext(tpm->esys, primary));
    assert_tpm(Esys_TR_Close(tpm->esys, &persistent));
    Esys_Free(made);
    Esys_Free(data);
    Esys_Free(hash);
    Esys_Free(ticket);
}

static void define(vtpm *tpm, uint32_t index, size_t size)
{
    const TPM2B_AUTH no_password = {0};
    const TPM2B_NV_PUBLIC about = {
        .nvPublic = {.nvIndex = index,
                     .nameAlg = TPM2_ALG_SHA256,
                     .attributes = TPMA_NV_PPWRITE | TPMA_NV_PPREAD | TPMA_NV_OWNERREAD |
                                   TPMA_NV_AUTHREAD | TPMA_NV_NO_DA | TPMA_NV_PLATFORMCREATE,
                     .dataSize = (uint16_t)size}};
    ESYS_TR nv = ESYS_TR_NONE;
    assert_tpm(Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_PLATFORM, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &no_password, &about, &nv));
    assert_tpm(Esys_TR_Close(tpm->esys, &nv));
}

void vtpm_define(vtpm *tpm, uint32_t index, cof_view content)
{
    ESYS_TR nv = ESYS_TR_NONE;
    TPM2B_MAX_NV_BUFFER bytes = {.size = (uint16_t)content.size};
    assert_true(content.size <= PIECE);
    memcpy(bytes.buffer, content.data, content.size);
    define(tpm, index, content.size);
    assert_tpm(
        Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv));
    assert_tpm(Esys_NV_Write(tpm->esys, ESYS_TR_RH_PLATFORM, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                             ESYS_TR_NONE, &bytes, 0));
    assert_tpm(Esys_TR_Close(tpm->esys, &nv));
}

void vtpm_undefine(vtpm *tpm, uint32_t index)
{
    ESYS_TR nv = ESYS_TR_NONE;
    assert_tpm(
        Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv));
    assert_tpm(Esys_NV_UndefineSpace(tpm->esys, ESYS_TR_RH_PLATFORM, nv, ESYS_TR_PASSWORD,
                                     ESYS_TR_NONE, ESYS_TR_NONE));
}

void vtpm_start(vtpm *tpm, vtpm_hardware *hardware, void *context)
{
    static const uint8_t no_user_data[VTPM_USER_DATA_SIZE] = {0};
    *tpm = (vtpm){.hardware = hardware, .context = context, .secure_boot = "true"};
    current = tpm;
    cof_tempdir_make(tpm->folder);
    run_swtpm(tpm);
    connect_to(tpm);
    make_key(tpm);
    define(tpm, NV_REPORT, VTPM_NV_SIZE);
    vtpm_refresh(tpm, no_user_data);
}

void vtpm_disconnect(vtpm *tpm)
{
    if (tpm->esys != NULL) {
        Esys_Finalize(&tpm->esys);
    }
    if (tpm->tcti != NULL) {
        Tss2_Tcti_Finalize(tpm->tcti);
        free(tpm->tcti);
        tpm->tcti = NULL;
    }
}

void vtpm_stop(vtpm *tpm)
{
    vtpm_disconnect(tpm);
    if (tpm->pid > 0) {
        (void)kill(tpm->pid, SIGTERM);
        (void)waitpid(tpm->pid, NULL, 0);
    }
    cof_tempdir_remove(tpm->folder);
}
