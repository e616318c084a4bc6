#include "apps/coffer/receiving.h"

#include <string.h>

#include "host/agent/names.h"
#include "host/agent/ticket.h"
#include "host/files/files.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"

static void ticket_wipe(cof_ticket *ticket)
{
    cof_wipe(ticket, sizeof *ticket);
}

/* A run that is continued keeps its ticket: its owners need not be told again. */
static cof_status find_ticket(const cof_url *place, const cof_ticket_files *files, cof_ticket *out,
                              cof_err *err)
{
    const cof_status status = cof_ticket_read(files->ticket, out, NULL);
    if (status == COF_OK && out->port == place->port && strcmp(out->host, place->host) == 0) {
        return COF_OK;
    }
    return cof_ticket_make(place, files, out, err);
}

static void show(const cof_receiving *receiving, const cof_contract_input *input,
                 const char *digest, const char *ticket)
{
    const cof_contract_owner *owner = &receiving->contract->owners[input->owner];
    cof_output_line(receiving->output, COF_TONE_PLAIN,
                    "     %s is not here; its owner (%s) sends it with\n"
                    "       coffer data send %s --ticket '%s'",
                    input->name, owner->name, digest, ticket);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:s,s:s}", "note", "send-this", "input", input->name, "owner",
                  owner->name, "digest", digest, "ticket", ticket);
    cof_output_json(receiving->output, object);
}

static cof_status show_missing(const cof_receiving *receiving, const char *ticket, cof_err *err)
{
    const cof_contract *contract = receiving->contract;
    for (size_t i = 0; i < contract->input_count; i++) {
        for (size_t k = 0; k < contract->inputs[i].object_count; k++) {
            const cof_digest *digest = &contract->inputs[i].objects[k].digest;
            char text[2 * COF_DIGEST_SIZE + 1];
            cof_blob_name name;
            bool exists = false;
            cof_name_input(digest, &name);
            COF_TRY(cof_blob_exists(receiving->store, name.text, &exists, err));
            if (!exists) {
                cof_digest_text(digest, text);
                show(receiving, &contract->inputs[i], text, ticket);
            }
        }
    }
    return COF_OK;
}

cof_status cof_receiving_prepare(const cof_receiving *receiving, json_t **out, cof_err *err)
{
    COF_CLEANUP(ticket_wipe) cof_ticket ticket = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_TICKET_BYTES + 1};
    const char *ticket_text = NULL;
    cof_url place;
    cof_path paths[3];
    if (cof_ticket_parse_place(receiving->listen, &place, NULL) != COF_OK) {
        return COF_FAIL(err, USAGE, "--receive wants HOST:PORT, where this machine listens");
    }
    COF_TRY(cof_path_format(&paths[0], err, "%s/receive.ticket", receiving->run_folder));
    COF_TRY(cof_path_format(&paths[1], err, "%s/receive.pem", receiving->run_folder));
    COF_TRY(cof_path_format(&paths[2], err, "%s/receive.key", receiving->run_folder));
    const cof_ticket_files files = {
        .ticket = paths[0].text, .certificate = paths[1].text, .key = paths[2].text};
    COF_TRY(find_ticket(&place, &files, &ticket, err));
    COF_TRY(cof_ticket_print(&ticket, &text, err));
    COF_TRY(cof_buf_text(&text, &ticket_text, err));
    COF_TRY(show_missing(receiving, ticket_text, err));
    json_t *job = json_pack("{s:s,s:s,s:s,s:s}", "listen", receiving->listen, "ticket",
                            files.ticket, "certificate", files.certificate, "key", files.key);
    if (job == NULL) {
        return COF_FAIL(err, NO_MEMORY, "receive");
    }
    *out = job;
    return COF_OK;
}
