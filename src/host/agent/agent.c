#include "host/agent/agent.h"

#include <time.h>

#include "host/agent/cleanup.h"

enum { EXIT_WAIT_MS = 5000 };

/* What the host can see before it spends anything: the enclave and the vaults check what matters.
 */
static cof_status check_job(const cof_session_parts *parts, cof_err *err)
{
    const cof_contract *contract = parts->contract;
    if (cof_contract_is_expired(contract, (int64_t)time(NULL))) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "by this host's clock");
    }
    for (size_t i = 0; i < contract->input_count; i++) {
        for (size_t k = 0; k < contract->inputs[i].object_count; k++) {
            bool exists = false;
            cof_blob_name name;
            cof_name_input(&contract->inputs[i].objects[k].digest, &name);
            COF_TRY(cof_blob_exists(parts->store, name.text, &exists, err));
            if (!exists && parts->config->receive.listen == NULL) {
                return COF_FAIL(err, NOT_FOUND, "input %.64s is not in the store",
                                contract->inputs[i].name);
            }
        }
    }
    return cof_timeline_step(parts->timeline, COF_STEP_checked, NULL, err);
}

/* A death in the journal and among the events, with how it came about as far as the platform says.
 */
static cof_status note_death(const cof_session_parts *parts, cof_execution *execution,
                             cof_status why, cof_err *err)
{
    cof_exit how = {0};
    json_t *detail = NULL;
    if (cof_execution_wait(execution, EXIT_WAIT_MS, &how, NULL) == COF_OK) {
        detail = json_pack("{s:s,s:i,s:i}", "code", cof_status_describe(why)->name, "exit",
                           how.code, "signal", how.signal);
    } else {
        detail = json_pack("{s:s}", "code", cof_status_describe(why)->name);
    }
    COF_TRY(cof_journal_died(parts->journal, err));
    return cof_timeline_note(parts->timeline, "worker-died", detail, err);
}

static cof_status launch(const cof_agent_parts *parts, cof_execution **out, cof_err *err)
{
    const cof_session_parts *session = &parts->session;
    COF_TRY(cof_interrupt_wait(session->interrupt, -1, 0, err));
    COF_CLEANUP(cof_execution_drop_) cof_execution *execution = NULL;
    COF_TRY(cof_executor_launch(parts->executor, session->contract->limits.memory_bytes, &execution,
                                err));
    COF_TRY(cof_journal_launched(session->journal, err));
    json_t *detail = json_pack(
        "{s:s,s:I,s:s,s:s,s:i}", "platform", parts->executor->ops->name, "pid",
        (json_int_t)execution->facts.pid, "measurement", execution->facts.measurement, "namespaces",
        execution->facts.namespaces, "launch", (int)cof_journal_now(session->journal)->launches);
    COF_TRY(cof_timeline_step(session->timeline, COF_STEP_provisioned, detail, err));
    *out = cof_execution_take(&execution);
    return COF_OK;
}

/* One worker's life. out_died: the run can go on with another. */
static cof_status run_worker(const cof_agent_parts *parts, bool *out_died, cof_err *err)
{
    COF_CLEANUP(cof_execution_drop_) cof_execution *execution = NULL;
    COF_TRY(launch(parts, &execution, err));
    bool said = false;
    cof_session_parts session = parts->session;
    session.evidence_type = parts->executor->ops->name;
    const cof_status status = cof_session_run(&session, execution->stream_fd, &said, err);
    if (status == COF_OK) {
        cof_exit how;
        (void)!cof_execution_wait(execution, EXIT_WAIT_MS, &how, NULL);
        return cof_journal_saved(session.journal, err);
    }
    const bool died = status == COF_E_WORKER_DIED || (said && cof_status_describe(status)->retry);
    if (died) {
        cof_err ignored;
        const cof_status noted = note_death(&session, execution, status, &ignored);
        if (noted != COF_OK) {
            *err = ignored;
            return noted;
        }
    }
    *out_died = died;
    return status;
}

static cof_status run_workers(const cof_agent_parts *parts, cof_err *err)
{
    const cof_journal_state *journal = cof_journal_now(parts->session.journal);
    while (!journal->is_saved) {
        bool died = false;
        const cof_status status = run_worker(parts, &died, err);
        if (status != COF_OK && (!died || journal->idle_deaths >= COF_AGENT_IDLE_DEATHS)) {
            return status;
        }
    }
    return COF_OK;
}

static bool is_time_over(const cof_session_parts *parts)
{
    const int64_t deadline = parts->interrupt->deadline_unix_s;
    return deadline != 0 && (int64_t)time(NULL) >= deadline;
}

/* Whether the same run may be continued later: what failed may pass, and the contract's time is not
 * over. */
static bool is_open(const cof_session_parts *parts, cof_status status)
{
    if (status == COF_E_CANCELLED) {
        return parts->interrupt->is_abandoned;
    }
    return cof_status_describe(status)->retry && !is_time_over(parts) &&
           cof_journal_now(parts->journal)->idle_deaths < COF_AGENT_IDLE_DEATHS;
}

static cof_status report_end(const cof_session_parts *parts, cof_status status, const char *detail,
                             bool is_final, cof_err *err)
{
    const cof_status_info *info = cof_status_describe(status);
    if (status == COF_OK) {
        return cof_timeline_step(parts->timeline, COF_STEP_succeeded, NULL, err);
    }
    json_t *members = json_pack("{s:s,s:s,s:s,s:b}", "code", info->name, "text", info->text,
                                "detail", detail, "resumable", !is_final);
    return cof_timeline_step(parts->timeline,
                             status == COF_E_CANCELLED ? COF_STEP_cancelled : COF_STEP_failed,
                             members, err);
}

/* Cleanup, journal, last event. A failure of the cleanup is the run's when it had none. */
static cof_status finish(const cof_session_parts *parts, cof_status status, cof_err *err)
{
    if (is_open(parts, status)) {
        (void)!report_end(parts, status, err->detail, false, NULL);
        return status;
    }
    cof_err later = {0};
    cof_status ending = cof_agent_clean(parts, status == COF_OK, &later);
    if (ending == COF_OK) {
        ending = cof_journal_over(parts->journal, status, &later);
    }
    if (status == COF_OK && ending != COF_OK) {
        *err = later;
        status = ending;
    }
    const cof_status reported =
        report_end(parts, status, status == COF_OK ? "" : err->detail, ending == COF_OK, &later);
    if (status == COF_OK && reported != COF_OK) {
        *err = later;
        return reported;
    }
    return status;
}

static cof_status repeat_end(const cof_session_parts *parts, cof_err *err)
{
    cof_status status = COF_E_INTERNAL;
    if (!cof_status_from_name(cof_journal_now(parts->journal)->final_status, &status)) {
        return COF_FAIL(err, BAD_FORMAT, "the journal ends with an unknown status");
    }
    COF_TRY(report_end(parts, status, "it ended before", true, err));
    return status == COF_OK ? COF_OK
                            : cof_err_set(err, status, __FILE__, __LINE__, "the run ended before");
}

cof_status cof_agent_run(const cof_agent_parts *parts, cof_err *err)
{
    const cof_session_parts *session = &parts->session;
    const cof_journal_state *journal = cof_journal_now(session->journal);
    cof_err failure = {0};
    if (journal->is_over) {
        return repeat_end(session, err);
    }
    session->interrupt->deadline_unix_s =
        journal->started_unix_s + session->contract->limits.wall_time_s;
    cof_status status = journal->is_saved ? COF_OK : check_job(session, &failure);
    if (status == COF_OK) {
        status = run_workers(parts, &failure);
    }
    status = finish(session, status, &failure);
    if (status != COF_OK && err != NULL) {
        *err = failure;
    }
    return status;
}
