/*
 * Quotes of an SGX enclave under Gramine, through its folder /dev/attestation (Gramine
 * documentation, "Attestation and Secret Provisioning"). The quote is made when its file is opened,
 * over what user_report_data holds at that moment.
 */
#include <string.h>

#include "tcb/evidence/attribute.h"
#include "tcb/evidence/quote_source.h"

enum {
    QUOTE_MAX = 16 * 1024,
    QUOTE_REPORT_DATA_AT = 48 + 320, /* quote v3: header, then the report body's report data */
};

typedef struct sgx_source {
    cof_quote_source base;
    cof_attribute_folder folder;
} sgx_source;

static cof_status sgx_quote(cof_quote_source *self, const cof_quote_request *request,
                            cof_buf *out_quote, cof_err *err)
{
    const sgx_source *source = (const sgx_source *)self;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    cof_buf_init(&quote, QUOTE_MAX);
    COF_TRY(cof_attribute_write(&source->folder, "user_report_data",
                                cof_view_of(request->report_data, sizeof request->report_data),
                                err));
    COF_TRY(cof_attribute_read(&source->folder, "quote", &quote, err));
    COF_TRY(cof_quote_check_binding(cof_buf_view(&quote), QUOTE_REPORT_DATA_AT, request, err));
    return cof_buf_append(out_quote, cof_buf_view(&quote), err);
}

static void sgx_free(cof_quote_source *self)
{
    free(self);
}

static const cof_quote_source_ops sgx_ops = {.name = "sgx", .quote = sgx_quote, .free = sgx_free};

cof_status cof_quote_source_sgx(const char *folder, cof_quote_source **out_source, cof_err *err)
{
    cof_attribute_folder place;
    char type[16];
    COF_TRY(cof_attribute_folder_set(&place, folder, NULL, err));
    COF_TRY(cof_attribute_read_text(&place, "attestation_type", type, sizeof type, err));
    if (strcmp(type, "dcap") != 0) {
        return COF_FAIL(err, UNSUPPORTED,
                        "the enclave's remote attestation is \"%s\", not \"dcap\"", type);
    }
    sgx_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quote source");
    }
    source->base.ops = &sgx_ops;
    source->folder = place;
    *out_source = &source->base;
    return COF_OK;
}
