/* A schema file (YAML) as the schema object of a contract: docs/formats/contract.md. */
#ifndef COF_RELYING_CONTRACT_SCHEMA_FILE_H
#define COF_RELYING_CONTRACT_SCHEMA_FILE_H

#include <jansson.h>

#include "relying/contract/diagnostics.h"

/**
 * Reads a schema file.
 *
 * @param text      borrowed
 * @param problems  made for the same text; gets every problem
 * @param out_json  {"columns":[…]} with nothing left to defaults, as cof_schema_from_json takes it;
 * the caller owns it
 * @return COF_OK, COF_E_CONTRACT_INVALID (see problems; err has the first), COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_schema_file_parse(cof_view text, cof_diagnostics *problems,
                                              json_t **out_json, cof_err *err);

#endif
