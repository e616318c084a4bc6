#include "tcb/evidence/quote_source.h"

#include <string.h>

const char *cof_quote_source_name(const cof_quote_source *source)
{
    return source->ops->name;
}

cof_status cof_quote_source_quote(cof_quote_source *source, const cof_quote_request *request,
                                  cof_buf *out_quote, cof_err *err)
{
    return source->ops->quote(source, request, out_quote, err);
}

cof_status cof_quote_check_binding(cof_view quote, size_t at, const cof_quote_request *request,
                                   cof_err *err)
{
    if (quote.size < at || quote.size - at < COF_QUOTE_REPORT_DATA_SIZE) {
        return COF_FAIL(err, TRUNCATED, "evidence of %zu bytes", quote.size);
    }
    if (memcmp(quote.data + at, request->report_data, COF_QUOTE_REPORT_DATA_SIZE) != 0) {
        return COF_FAIL(err, EVIDENCE_BINDING, "the platform quoted other report data");
    }
    return COF_OK;
}

void cof_quote_source_free(cof_quote_source *source)
{
    if (source != NULL) {
        source->ops->free(source);
    }
}
