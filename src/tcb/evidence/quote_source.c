#include "tcb/evidence/quote_source.h"

const char *cof_quote_source_name(const cof_quote_source *source)
{
    return source->ops->name;
}

cof_status cof_quote_source_quote(cof_quote_source *source,
                                  const uint8_t report_data[static COF_QUOTE_REPORT_DATA_SIZE],
                                  cof_buf *out_quote, cof_err *err)
{
    return source->ops->quote(source, report_data, out_quote, err);
}

void cof_quote_source_free(cof_quote_source *source)
{
    if (source != NULL) {
        source->ops->free(source);
    }
}
