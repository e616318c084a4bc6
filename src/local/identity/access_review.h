/* What a review of grants and credentials should look at. Nothing is changed. */
#ifndef COF_LOCAL_ACCESS_REVIEW_H
#define COF_LOCAL_ACCESS_REVIEW_H

#include "local/identity/access.h"

typedef struct cof_review_options {
    int64_t now;      /* Unix seconds */
    int64_t unused_s; /* a grant that was not used for so long should go */
} cof_review_options;

/**
 * [{"kind","principal","assignment"|"credential","text","remedy"}]: kind is a stable word
 * (docs/formats/directory.md), text is for people, remedy is a command line. The caller owns it.
 */
COF_MUST_USE cof_status cof_access_review(const cof_access *access, const cof_directory *directory,
                                          const cof_review_options *options, json_t **out,
                                          cof_err *err);

/** All assignments, with "principal_name", "principal_kind" and "use". The caller owns it. */
COF_MUST_USE cof_status cof_access_list_grants(const cof_access *access,
                                               const cof_directory *directory, json_t **out,
                                               cof_err *err);

#endif
