#include "apps/coffer-local/wiring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/http/http_server.h"
#include "local/identity/access_api.h"
#include "local/platform/platform.h"
#include "local/vault/authorities_api.h"
#include "local/vault/vault.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

/* Of first starts: below the range that the kernel takes for outgoing connections. */
enum { FIRST_PORT = 20000, FIRST_PORTS = 12000, PORT_TRIES = 16 };

static const char info_file[] = "local.json";
static const char socket_file[] = "platform.sock";

struct cof_local {
    cof_state *state;
    cof_ca *ca;
    cof_http_server *server;
    cof_trail *trail;
    cof_quoting *quoting;
    cof_platform *platform;
    cof_directory *directory;
    cof_access *access;
    cof_access_parts admin;
    cof_issuer *issuer;
    cof_collateral_source *collateral; /* NULL: none; then only the simulated platform attests */
    cof_attest *attest;
    cof_authorities *authorities;
    cof_authorities_api authorities_api;
    cof_keyvault *vault;
};

static cof_status listen_on(cof_local *local, uint16_t port, cof_err *err)
{
    cof_path certificate;
    cof_path key;
    COF_TRY(cof_state_path(local->state, COF_CA_TLS_FILE, &certificate, err));
    COF_TRY(cof_state_path(local->state, COF_CA_TLS_KEY_FILE, &key, err));
    const cof_http_server_options options = {
        .port = port, .certificate_path = certificate.text, .key_path = key.text};
    return cof_http_server_new(&options, &local->server, err);
}

/* Two homes on one machine should not have one port: each is picked at random. */
static cof_status bind_first(cof_local *local, cof_err *err)
{
    cof_status status = COF_E_BUSY;
    for (int i = 0; i < PORT_TRIES && status == COF_E_BUSY; i++) {
        uint16_t drawn = 0;
        COF_TRY(cof_random((cof_span){(uint8_t *)&drawn, sizeof drawn}, err));
        status = listen_on(local, (uint16_t)(FIRST_PORT + drawn % FIRST_PORTS), err);
    }
    return status;
}

/*
 * The port is part of every identifier that was ever given out (kids, issuers, contracts), so it is
 * kept.
 */
static cof_status bind_port(cof_local *local, uint16_t asked, cof_err *err)
{
    const uint16_t last = cof_state_port(local->state);
    COF_TRY(asked == 0 && last == 0 ? bind_first(local, err)
                                    : listen_on(local, asked != 0 ? asked : last, err));
    return cof_state_set_port(local->state, cof_http_server_port(local->server), err);
}

/* Evidence of real hardware, and of this installation's own simulated platform. */
static cof_status open_attest(cof_local *local, const cof_local_options *given, cof_err *err)
{
    const cof_root_pin roots[] = {
        {.family = COF_ROOT_SIMULATED, .spki = *cof_quoting_root(local->quoting)},
        cof_root_intel,
        cof_roots_amd[0],
        cof_roots_amd[1],
        cof_roots_amd[2],
    };
    if (given->collateral_count > 0) {
        COF_TRY(cof_local_collateral_open(given->collateral, given->collateral_count,
                                          &local->collateral, err));
    }
    const cof_attest_options options = {.state = local->state,
                                        .trail = local->trail,
                                        .identity = local->issuer,
                                        .access = local->access,
                                        .roots = roots,
                                        .root_count = sizeof roots / sizeof roots[0],
                                        .collateral = local->collateral};
    return cof_attest_open(&options, &local->attest, err);
}

static cof_status open_services(cof_local *local, const cof_local_options *options, cof_err *err)
{
    cof_path folder;
    COF_TRY(cof_trail_open(local->state, &local->trail, err));
    COF_TRY(cof_state_make_folder(local->state, "platform", err));
    COF_TRY(cof_state_path(local->state, "platform", &folder, err));
    COF_TRY(cof_quoting_open(folder.text, cof_state_now(local->state), &local->quoting, err));
    COF_TRY(cof_directory_open(local->state, &local->directory, err));
    COF_TRY(cof_access_open(local->state, local->directory, &local->access, err));
    const cof_issuer_parts identity = {.state = local->state,
                                       .directory = local->directory,
                                       .access = local->access,
                                       .trail = local->trail};
    COF_TRY(cof_issuer_open(&identity, &local->issuer, err));
    COF_TRY(open_attest(local, options, err));
    COF_TRY(cof_authorities_open(local->state, &local->authorities, err));
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = COF_ROOT_SECRET_BYTES};
    cof_root_source root = {0};
    COF_TRY(cof_local_root_source(&options->root, &secret, &root, err));
    const cof_keyvault_parts parts = {.state = local->state,
                                      .trail = local->trail,
                                      .ca = local->ca,
                                      .root = &root,
                                      .identity = local->issuer,
                                      .access = local->access,
                                      .attest = local->attest,
                                      .authorities = local->authorities};
    return cof_keyvault_open(&parts, &local->vault, err);
}

static cof_status serve(cof_local *local, const cof_local_options *options, cof_err *err)
{
    cof_path socket;
    local->admin = (cof_access_parts){.state = local->state,
                                      .trail = local->trail,
                                      .identity = local->issuer,
                                      .directory = local->directory,
                                      .access = local->access};
    COF_TRY(cof_access_serve(&local->admin, local->server, err));
    COF_TRY(cof_attest_serve(local->attest, local->server, err));
    COF_TRY(cof_keyvault_serve(local->vault, local->server, err));
    local->authorities_api = (cof_authorities_api){.authorities = local->authorities,
                                                   .state = local->state,
                                                   .trail = local->trail,
                                                   .identity = local->issuer,
                                                   .access = local->access};
    COF_TRY(cof_authorities_serve(&local->authorities_api, local->server, err));
    /* Last: its first segment is any tenant. */
    COF_TRY(cof_issuer_serve(local->issuer, local->server, err));
    COF_TRY(cof_state_path(local->state, socket_file, &socket, err));
    COF_TRY(cof_platform_start(cof_http_server_base(local->server), socket.text, local->quoting,
                               &local->platform, err));
    COF_TRY(cof_http_server_stop_on_signals(local->server, err));
    return options->lifeline_fd >= 0
               ? cof_http_server_stop_at_end_of(local->server, options->lifeline_fd, err)
               : COF_OK;
}

/* What clients need to know to use this installation. */
static cof_status make_info(const cof_local *local, json_t **out, cof_err *err)
{
    static const char *const files[] = {COF_CA_ROOT_FILE, "clients/owner.json",
                                        "clients/agent.json", socket_file};
    cof_path paths[4];
    char root[2 * COF_DIGEST_SIZE + 1];
    const char *base = cof_state_base(local->state);
    for (size_t i = 0; i < 4; i++) {
        COF_TRY(cof_state_path(local->state, files[i], &paths[i], err));
    }
    cof_digest_text(cof_quoting_root(local->quoting), root);
    *out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s},s:s,s:i}", "coffer", "local/v1",
                     "authority", base, "tenant", cof_state_tenant(local->state), "issuer",
                     cof_issuer_url(local->issuer), "attest", base, "vault", base, "ca",
                     paths[0].text, "root", root, "clients", "owner", paths[1].text, "agent",
                     paths[2].text, "platform", paths[3].text, "pid", (int)getpid());
    return *out != NULL ? COF_OK
                        : COF_FAIL(err, BAD_ARGUMENT, "the home folder's name is not UTF-8");
}

static cof_status announce(const cof_local *local, int ready_fd, cof_err *err)
{
    COF_JSON json_t *info = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = COF_LIMIT_JSON_BYTES};
    COF_TRY(make_info(local, &info, err));
    COF_TRY(cof_state_write_json(local->state, info_file, info, err));
    if (ready_fd < 0) {
        return COF_OK;
    }
    COF_TRY(cof_json_print(info, &line, err));
    COF_TRY(cof_buf_append_text(&line, "\n", err));
    const ssize_t wrote = write(ready_fd, line.data, line.size);
    if (wrote != (ssize_t)line.size) {
        return COF_FAIL_ERRNO(err, wrote < 0 ? errno : EPIPE, "--ready-fd");
    }
    return close(ready_fd) == 0 ? COF_OK : COF_FAIL_ERRNO(err, errno, "--ready-fd");
}

/* Of a server that was killed; a client would take it for ours. */
static void remove_info(const cof_state *state)
{
    cof_path path;
    if (cof_state_path(state, info_file, &path, NULL) == COF_OK) {
        (void)unlink(path.text);
    }
}

cof_status cof_local_start(const cof_local_options *options, cof_local **out, cof_err *err)
{
    COF_CLEANUP(cof_local_drop_) cof_local *local = calloc(1, sizeof *local);
    if (local == NULL) {
        return COF_FAIL(err, NO_MEMORY, "coffer-local");
    }
    COF_TRY(cof_state_open(options->home, cof_clock_system, &local->state, err));
    remove_info(local->state);
    if (options->public_url != NULL) {
        COF_TRY(cof_state_set_url(local->state, options->public_url, err));
    }
    COF_TRY(cof_ca_open(local->state, &local->ca, err));
    COF_TRY(bind_port(local, options->port, err));
    COF_TRY(open_services(local, options, err));
    COF_TRY(serve(local, options, err));
    COF_TRY(announce(local, options->ready_fd, err));
    *out = cof_local_take(&local);
    return COF_OK;
}

cof_status cof_local_change_root(const cof_local_options *options, cof_err *err)
{
    COF_CLEANUP(cof_state_drop_) cof_state *state = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = COF_ROOT_SECRET_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf new_secret = {.limit = COF_ROOT_SECRET_BYTES};
    cof_root_source from = {0};
    cof_root_source to = {0};
    COF_TRY(cof_state_open(options->home, cof_clock_system, &state, err));
    COF_TRY(cof_local_root_source(&options->root, &secret, &from, err));
    COF_TRY(cof_local_root_source(&options->new_root, &new_secret, &to, err));
    return cof_root_key_change(state, &from, &to, err);
}

cof_status cof_local_run(cof_local *local, cof_err *err)
{
    return cof_http_server_run(local->server, err);
}

/* The listening sockets and the event loop go after what uses them, the lock on the state last. */
void cof_local_free(cof_local *local)
{
    if (local == NULL) {
        return;
    }
    if (local->state != NULL) {
        remove_info(local->state);
    }
    cof_platform_free(local->platform);
    cof_http_server_free(local->server);
    cof_keyvault_free(local->vault);
    cof_authorities_free(local->authorities);
    cof_attest_free(local->attest);
    cof_collateral_source_free(local->collateral);
    cof_issuer_free(local->issuer);
    cof_access_free(local->access);
    cof_directory_free(local->directory);
    cof_quoting_free(local->quoting);
    cof_trail_free(local->trail);
    cof_ca_free(local->ca);
    cof_state_free(local->state);
    free(local);
}
