#include "host/agent/names.h"

#include <stdio.h>

void cof_name_input(const cof_digest *digest, cof_blob_name *out)
{
    char hex[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(digest, hex);
    (void)snprintf(out->text, sizeof out->text, "objects/%s.sealed", hex);
}

cof_status cof_name_of_run(const cof_digest *contract, const char *run, const char *tail,
                           cof_blob_name *out, cof_err *err)
{
    char hex[2 * COF_DIGEST_SIZE + 1];
    cof_blob_name name;
    cof_digest_text(contract, hex);
    const int size = snprintf(name.text, sizeof name.text, "jobs/%s/%s/%s", hex, run, tail);
    if (size < 0 || (size_t)size >= sizeof name.text) {
        return COF_FAIL(err, BAD_ARGUMENT, "the name of a blob is too long");
    }
    COF_TRY(cof_blob_name_check(name.text, err));
    *out = name;
    return COF_OK;
}

cof_status cof_name_output(const cof_digest *contract, const char *run, const char *output,
                           cof_blob_name *out, cof_err *err)
{
    char tail[COF_BLOB_NAME_SIZE];
    const int size = snprintf(tail, sizeof tail, "outputs/%s.sealed", output);
    if (size < 0 || (size_t)size >= sizeof tail) {
        return COF_FAIL(err, BAD_ARGUMENT, "the name of an output is too long");
    }
    return cof_name_of_run(contract, run, tail, out, err);
}
