#include "local/identity/directory_internal.h"
#include "tcb/wire/json.h"

cof_status cof_directory_groups(const cof_directory *directory, const char *object_id,
                                json_t *out_ids, cof_err *err)
{
    const char *group = NULL;
    json_t *members = NULL;
    json_object_foreach(directory->table.members, group, members)
    {
        if (json_object_get(members, object_id) != NULL) {
            COF_TRY(cof_json_append(out_ids, json_string(group), err));
        }
    }
    return COF_OK;
}
