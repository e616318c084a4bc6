#include "tcb/worker/names.h"

static const cof_contract_input *first_training_input(const cof_contract *contract)
{
    for (size_t i = 0; i < contract->input_count; i++) {
        if (contract->inputs[i].use == COF_CONTRACT_TRAIN) {
            return &contract->inputs[i];
        }
    }
    return NULL;
}

/* Each name appended to one text with a NUL behind it, all features first. */
static cof_status collect(const cof_contract_input *input, size_t columns, size_t classes,
                          cof_buf *text, cof_err *err)
{
    static const uint8_t nul = 0;
    for (size_t i = 0; i < columns + classes; i++) {
        COF_TRY(i < columns
                    ? cof_schema_feature_name(input->schema, input->target_column, i, text, err)
                    : cof_schema_class_name(input->schema, input->target_column, i - columns, text,
                                            err));
        COF_TRY(cof_buf_append(text, cof_view_of(&nul, 1), err));
    }
    return COF_OK;
}

static const char *point(const char **names, size_t count, const char *at)
{
    for (size_t i = 0; i < count; i++) {
        names[i] = at;
        while (*at != '\0') {
            at++;
        }
        at++;
    }
    return at;
}

cof_status cof_worker_names_make(const cof_contract *contract, size_t columns,
                                 cof_worker_names *out, cof_err *err)
{
    COF_CLEANUP(cof_worker_names_free) cof_worker_names names = {0};
    const cof_contract_input *input = first_training_input(contract);
    if (input == NULL || input->schema == NULL) {
        *out = names;
        return COF_OK;
    }
    const size_t classes = contract->classes;
    cof_buf_init(&names.text, (columns + classes) * ((size_t)2 * COF_LIMIT_COLUMN_BYTES + 2));
    COF_TRY(collect(input, columns, classes, &names.text, err));
    names.columns = calloc(columns, sizeof *names.columns);
    names.classes = classes == 0 ? NULL : calloc(classes, sizeof *names.classes);
    if (names.columns == NULL || (classes > 0 && names.classes == NULL)) {
        return COF_FAIL(err, NO_MEMORY, "names");
    }
    const char *rest = point(names.columns, columns, (const char *)names.text.data);
    (void)point(names.classes, classes, rest);
    names.model = (cof_model_names){.columns = names.columns, .classes = names.classes};
    *out = names;
    names = (cof_worker_names){0};
    return COF_OK;
}

void cof_worker_names_free(cof_worker_names *names)
{
    free(names->columns);
    free(names->classes);
    cof_buf_free(&names->text);
    *names = (cof_worker_names){0};
}
