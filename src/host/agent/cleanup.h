/* Removing what a run leaves in the store, with an account of it. */
#ifndef COF_AGENT_CLEANUP_H
#define COF_AGENT_CLEANUP_H

#include "host/agent/session.h"

/**
 * Removes the run's checkpoint and, unless results_stay, its outputs and receipt; looks that they
 * are gone; reports the step `cleaned` with {"removed":[{"name":…,"size":…},…]}. The log stays.
 * @return COF_OK, COF_E_IO (a blob is still there), or as the store.
 */
COF_MUST_USE cof_status cof_agent_clean(const cof_session_parts *parts, bool results_stay,
                                        cof_err *err);

#endif
