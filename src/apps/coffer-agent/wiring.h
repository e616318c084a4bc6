/* The one place of this program that names implementations. */
#ifndef COFFER_AGENT_WIRING_H
#define COFFER_AGENT_WIRING_H

#include "host/agent/config.h"

/** Runs the job of config; lifeline_fd -1: none. @return as cof_agent_run, or why the parts could
 * not be made. */
COF_MUST_USE cof_status cof_agent_wire_and_run(const cof_agent_config *config, int signal_fd,
                                               int lifeline_fd, cof_err *err);

#endif
