#include "tcb/evidence/tpm.h"

#include <string.h>
#include <tss2/tss2_esys.h>

enum {
    NV_PIECE = 512, /* every TPM reads so much at once (PC Client TPM profile, MAX_NV_BUFFER) */
    NV_WRITE_MAX = 64,
    PCR_BYTES = 3,
};

struct cof_tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
};

static void free_esys(void *owner)
{
    Esys_Free(*(void **)owner);
}
/* Declares what the library allocates. */
#define TPM_OWNED COF_CLEANUP(free_esys)

static cof_status fail_with(cof_err *err, TSS2_RC code, const char *what)
{
    /* Format-one codes carry the number of the handle or parameter beside the error: part 2,
     * 6.6.3. */
    if ((code & ~(TSS2_RC)0xf40) == TPM2_RC_HANDLE) {
        return COF_FAIL(err, NOT_FOUND, "%s: the TPM does not have it", what);
    }
    return COF_FAIL(err, IO, "%s: TPM 0x%08x", what, code);
}
#define TPM_TRY(call, what)                                                                        \
    do {                                                                                           \
        const TSS2_RC code_ = (call);                                                              \
        if (code_ != TSS2_RC_SUCCESS) {                                                            \
            return fail_with(err, code_, (what));                                                  \
        }                                                                                          \
    } while (0)

cof_status cof_tpm_open(TSS2_TCTI_INIT_FUNC init, const char *path, cof_tpm **out, cof_err *err)
{
    size_t size = 0;
    COF_CLEANUP(cof_tpm_drop_) cof_tpm *tpm = calloc(1, sizeof *tpm);
    if (init(NULL, &size, NULL) != TSS2_RC_SUCCESS) {
        return COF_FAIL(err, IO, "TCTI");
    }
    COF_CLEANUP(cof_free_drop_) void *tcti = calloc(1, size);
    if (tpm == NULL || tcti == NULL) {
        return COF_FAIL(err, NO_MEMORY, "TPM");
    }
    const TSS2_RC code = init(tcti, &size, path);
    if (code != TSS2_RC_SUCCESS) {
        return COF_FAIL(err, NOT_FOUND, "%s: TCTI 0x%08x", path, code);
    }
    tpm->tcti = tcti;
    tcti = NULL;
    TPM_TRY(Esys_Initialize(&tpm->esys, tpm->tcti, NULL), "ESAPI");
    *out = cof_tpm_take(&tpm);
    return COF_OK;
}

void cof_tpm_free(cof_tpm *tpm)
{
    if (tpm == NULL) {
        return;
    }
    if (tpm->esys != NULL) {
        Esys_Finalize(&tpm->esys);
    }
    if (tpm->tcti != NULL) {
        Tss2_Tcti_Finalize(tpm->tcti);
        free(tpm->tcti);
    }
    free(tpm);
}

static cof_status find(cof_tpm *tpm, uint32_t handle, const char *what, ESYS_TR *out, cof_err *err)
{
    TPM_TRY(Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out),
            what);
    return COF_OK;
}

static cof_status nv_size(cof_tpm *tpm, ESYS_TR nv, size_t *out, cof_err *err)
{
    TPM_OWNED TPM2B_NV_PUBLIC *about = NULL;
    TPM_OWNED TPM2B_NAME *name = NULL;
    TPM_TRY(
        Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &about, &name),
        "NV public area");
    *out = about->nvPublic.dataSize;
    return COF_OK;
}

cof_status cof_tpm_nv_read(cof_tpm *tpm, uint32_t index, cof_buf *out, cof_err *err)
{
    ESYS_TR nv = ESYS_TR_NONE;
    size_t size = 0;
    uint8_t *place = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf content = {0};
    cof_buf_init(&content, out->limit);
    COF_TRY(find(tpm, index, "NV index", &nv, err));
    COF_TRY(nv_size(tpm, nv, &size, err));
    COF_TRY(cof_buf_extend(&content, size, &place, err));
    for (size_t at = 0; at < size;) {
        TPM_OWNED TPM2B_MAX_NV_BUFFER *piece = NULL;
        const size_t wanted = size - at < NV_PIECE ? size - at : NV_PIECE;
        TPM_TRY(Esys_NV_Read(tpm->esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                             ESYS_TR_NONE, (uint16_t)wanted, (uint16_t)at, &piece),
                "NV read");
        if (piece->size != wanted) {
            return COF_FAIL(err, IO, "NV read: %u bytes of %zu", piece->size, wanted);
        }
        memcpy(place + at, piece->buffer, wanted);
        at += wanted;
    }
    return cof_buf_append(out, cof_buf_view(&content), err);
}

static cof_status define(cof_tpm *tpm, uint32_t index, size_t size, ESYS_TR *out, cof_err *err)
{
    const TPM2B_AUTH no_password = {0};
    const TPM2B_NV_PUBLIC about = {
        .nvPublic = {.nvIndex = index,
                     .nameAlg = TPM2_ALG_SHA256,
                     .attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE,
                     .dataSize = (uint16_t)size}};
    TPM_TRY(Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &no_password, &about, out),
            "NV define");
    return COF_OK;
}

cof_status cof_tpm_nv_write(cof_tpm *tpm, uint32_t index, cof_view bytes, cof_err *err)
{
    ESYS_TR nv = ESYS_TR_NONE;
    TPM2B_MAX_NV_BUFFER content = {.size = (uint16_t)bytes.size};
    if (bytes.size > NV_WRITE_MAX) {
        return COF_FAIL(err, LIMIT, "NV write of %zu bytes", bytes.size);
    }
    memcpy(content.buffer, bytes.data, bytes.size);
    cof_status status = find(tpm, index, "NV index", &nv, err);
    if (status == COF_E_NOT_FOUND) {
        status = define(tpm, index, bytes.size, &nv, err);
    }
    COF_TRY(status);
    TPM_TRY(Esys_NV_Write(tpm->esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                          ESYS_TR_NONE, &content, 0),
            "NV write");
    return COF_OK;
}

cof_status cof_tpm_quote(cof_tpm *tpm, uint32_t key, cof_view extra, cof_buf *message,
                         cof_buf *signature, cof_err *err)
{
    ESYS_TR ak = ESYS_TR_NONE;
    TPM_OWNED TPM2B_ATTEST *quoted = NULL;
    TPM_OWNED TPMT_SIGNATURE *made = NULL;
    const TPMT_SIG_SCHEME of_the_key = {.scheme = TPM2_ALG_NULL};
    const TPML_PCR_SELECTION all = {
        .count = 1,
        .pcrSelections = {
            {.hash = TPM2_ALG_SHA256, .sizeofSelect = PCR_BYTES, .pcrSelect = {0xff, 0xff, 0xff}}}};
    TPM2B_DATA qualifying = {.size = (uint16_t)extra.size};
    if (extra.size > sizeof qualifying.buffer) {
        return COF_FAIL(err, LIMIT, "a quote over %zu bytes", extra.size);
    }
    memcpy(qualifying.buffer, extra.data, extra.size);
    COF_TRY(find(tpm, key, "attestation key", &ak, err));
    TPM_TRY(Esys_Quote(tpm->esys, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &qualifying,
                       &of_the_key, &all, &quoted, &made),
            "quote");
    if (made->sigAlg != TPM2_ALG_RSASSA || made->signature.rsassa.hash != TPM2_ALG_SHA256) {
        return COF_FAIL(err, UNSUPPORTED, "the attestation key signs with algorithm 0x%04x",
                        made->sigAlg);
    }
    const TPM2B_PUBLIC_KEY_RSA *bytes = &made->signature.rsassa.sig;
    COF_TRY(cof_buf_append(message, cof_view_of(quoted->attestationData, quoted->size), err));
    return cof_buf_append(signature, cof_view_of(bytes->buffer, bytes->size), err);
}

/* A TPM answers with as many of the asked PCRs as it likes. */
static cof_status read_some_pcrs(cof_tpm *tpm, uint32_t *left, cof_digest *out, cof_err *err)
{
    TPM_OWNED TPML_PCR_SELECTION *given = NULL;
    TPM_OWNED TPML_DIGEST *values = NULL;
    uint32_t counter = 0;
    const TPML_PCR_SELECTION asked = {
        .count = 1,
        .pcrSelections = {
            {.hash = TPM2_ALG_SHA256,
             .sizeofSelect = PCR_BYTES,
             .pcrSelect = {(uint8_t)*left, (uint8_t)(*left >> 8), (uint8_t)(*left >> 16)}}}};
    TPM_TRY(Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &asked, &counter,
                          &given, &values),
            "PCR read");
    const TPMS_PCR_SELECTION *selection = &given->pcrSelections[0];
    if (given->count != 1 || selection->hash != TPM2_ALG_SHA256 || values->count == 0) {
        return COF_FAIL(err, UNSUPPORTED, "the TPM has no SHA-256 PCRs");
    }
    uint32_t next = 0;
    for (uint32_t i = 0; i < COF_TPM_PCRS; i++) {
        const uint32_t bit = 1U << i;
        if (i / 8 >= selection->sizeofSelect || (selection->pcrSelect[i / 8] >> i % 8 & 1) == 0) {
            continue;
        }
        if (next >= values->count || values->digests[next].size != COF_DIGEST_SIZE ||
            (*left & bit) == 0) {
            return COF_FAIL(err, IO, "PCR read: PCR %u", i);
        }
        memcpy(out[i].bytes, values->digests[next++].buffer, COF_DIGEST_SIZE);
        *left &= ~bit;
    }
    return next > 0 ? COF_OK : COF_FAIL(err, IO, "PCR read");
}

cof_status cof_tpm_read_pcrs(cof_tpm *tpm, cof_digest out[static COF_TPM_PCRS], cof_err *err)
{
    uint32_t left = (1U << COF_TPM_PCRS) - 1;
    cof_digest values[COF_TPM_PCRS];
    while (left != 0) {
        COF_TRY(read_some_pcrs(tpm, &left, values, err));
    }
    memcpy(out, values, sizeof values);
    return COF_OK;
}
