/* Any bytes as job.yaml and as a schema file: a job or problems, never both, and every problem can
 * be shown. */
#include <stdlib.h>

#include "relying/contract/job.h"
#include "relying/contract/schema_file.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void check_problems(const cof_diagnostics *problems, cof_status status)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)1024 * 1024};
    COF_JSON json_t *json = NULL;
    check((status == COF_OK) == (cof_diagnostics_count(problems) == 0));
    check(cof_diagnostics_print(problems, &text, NULL) == COF_OK);
    check(cof_diagnostics_json(problems, &json, NULL) == COF_OK);
}

static void read_job(cof_view text)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_job_drop_) cof_job *job = NULL;
    check(cof_diagnostics_new("f", text, &problems, NULL) == COF_OK);
    const cof_status status = cof_job_parse(text, problems, &job, NULL);
    check_problems(problems, status);
    check((status == COF_OK) == (job != NULL));
}

static void read_schema(cof_view text)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *read = NULL;
    COF_JSON json_t *schema = NULL;
    check(cof_diagnostics_new("f", text, &problems, NULL) == COF_OK);
    const cof_status status = cof_schema_file_parse(text, problems, &schema, NULL);
    check_problems(problems, status);
    check(status != COF_OK || cof_schema_from_json(schema, &read, NULL) == COF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_job(cof_view_of(data, size));
    read_schema(cof_view_of(data, size));
    return 0;
}
