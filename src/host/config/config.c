#include "host/config/config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/files.h"
#include "host/http/url.h"
#include "relying/contract/walk.h"
#include "tcb/base/limits.h"

enum { PATIENCE_S = 120 };

static const char config_file[] = "coffer.yaml";
static const char login_file[] = "login.json";

/* Every text of a configuration that is not as it stands in the file. */
typedef struct owned_texts {
    cof_yaml *document;
    size_t count;
    char *texts[64];
} owned_texts;

/* The file as it is written; texts point into the document. */
typedef struct written_list {
    size_t count;
    const cof_yaml_node *nodes[COF_CONFIG_VAULTS];
} written_list;

typedef struct written {
    const char *storage;
    const char *storage_secondary;
    const char *storage_credential;
    const char *vault;
    written_list attestation;
    const char *credential;
    const char *agent_credential;
    const char *ca;
    written_list vaults;
    const cof_yaml_node *worker;
    int64_t patience;
} written;

typedef struct written_worker {
    const char *type;
    const char *connect;
    const char *host;
    const cof_yaml_node *command;
} written_worker;

typedef struct written_vault {
    const char *vault;
    const char *credential;
    const char *ca;
} written_vault;

static bool is_https(const char *text)
{
    cof_url url;
    return cof_url_parse(text, &url, NULL) == COF_OK && url.is_https && url.target.size == 0;
}

static void check_url(cof_walk *walk, const cof_yaml_node *node, const char *text)
{
    if (!is_https(text)) {
        cof_walk_problem(walk, node, "write https://HOST[:PORT], without a path",
                         "not the URL of a service");
    }
}

static void read_attestation(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    written_list *list = out;
    if (node->kind == COF_YAML_SCALAR) {
        list->nodes[0] = node;
        list->count = 1;
        return;
    }
    if (!cof_walk_is_list(walk, node, "attestation", 1, COF_CONFIG_ATTESTATIONS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        list->nodes[list->count++] = item;
    }
}

static void read_vaults(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    written_list *list = out;
    if (!cof_walk_is_list(walk, node, "vaults", 0, COF_CONFIG_VAULTS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        list->nodes[list->count++] = item;
    }
}

static void read_node(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    (void)walk;
    *(const cof_yaml_node **)out = node;
}

#define TEXT_KEY(struct_name, key)                                                                 \
    {                                                                                              \
        .name = #key, .type = COF_WALK_TEXT, .offset = offsetof(struct_name, key)                  \
    }

static const cof_walk_key written_keys[] = {
    TEXT_KEY(written, storage),
    TEXT_KEY(written, storage_secondary),
    TEXT_KEY(written, storage_credential),
    TEXT_KEY(written, vault),
    {.name = "attestation",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(written, attestation),
     .read = read_attestation},
    TEXT_KEY(written, credential),
    TEXT_KEY(written, agent_credential),
    TEXT_KEY(written, ca),
    {.name = "vaults",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(written, vaults),
     .read = read_vaults},
    {.name = "patience",
     .type = COF_WALK_DURATION,
     .offset = offsetof(written, patience),
     .low = 1,
     .high = 86400},
    {.name = "worker",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(written, worker),
     .read = read_node},
};
static const cof_walk_table written_table = {sizeof written_keys / sizeof written_keys[0],
                                             written_keys};

static const cof_walk_key vault_keys[] = {
    {.name = "vault",
     .type = COF_WALK_TEXT,
     .offset = offsetof(written_vault, vault),
     .is_required = true},
    {.name = "credential",
     .type = COF_WALK_TEXT,
     .offset = offsetof(written_vault, credential),
     .is_required = true},
    TEXT_KEY(written_vault, ca),
};
static const cof_walk_table vault_table = {sizeof vault_keys / sizeof vault_keys[0], vault_keys};

static const cof_walk_key worker_keys[] = {
    {.name = "type",
     .type = COF_WALK_TEXT,
     .offset = offsetof(written_worker, type),
     .is_required = true},
    TEXT_KEY(written_worker, connect),
    TEXT_KEY(written_worker, host),
    {.name = "command",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(written_worker, command),
     .read = read_node},
};
static const cof_walk_table worker_table = {sizeof worker_keys / sizeof worker_keys[0],
                                            worker_keys};

/* ---- from what is written to what is meant ---- */

static cof_status keep(owned_texts *owned, const char *before, const char *text, const char **out,
                       cof_err *err)
{
    char *copy = NULL;
    if (owned->count == sizeof owned->texts / sizeof owned->texts[0]) {
        return COF_FAIL(err, LIMIT, "too many entries in %s", config_file);
    }
    if (asprintf(&copy, "%s%s", before, text) < 0) {
        return COF_FAIL(err, NO_MEMORY, "configuration");
    }
    owned->texts[owned->count++] = copy;
    *out = copy;
    return COF_OK;
}

/* Where a key stands; only asked for keys that were read. */
static const cof_yaml_node *node_of(const cof_config *config, const char *key)
{
    const owned_texts *owned = config->owned_;
    return cof_yaml_find(cof_yaml_root(owned->document), key);
}

/* A path in the file is relative to the home. NULL stays NULL. */
static cof_status keep_path(owned_texts *owned, const char *home, const char *text,
                            const char **out, cof_err *err)
{
    cof_path path;
    if (text == NULL) {
        return COF_OK;
    }
    COF_TRY(text[0] == '/' ? cof_path_format(&path, err, "%s", text)
                           : cof_path_format(&path, err, "%s/%s", home, text));
    return keep(owned, "", path.text, out, err);
}

static void check_storage(cof_walk *walk, const cof_yaml_node *node, const char *text)
{
    static const char azure[] = "azure:";
    cof_url url;
    if (strncmp(text, azure, sizeof azure - 1) != 0 ||
        cof_url_parse(text + sizeof azure - 1, &url, NULL) != COF_OK) {
        cof_walk_problem(
            walk, node, "write dir:FOLDER or azure:https://ACCOUNT.blob.core.windows.net/CONTAINER",
            "not a place for sealed objects");
    }
}

static cof_status mean_storage(cof_walk *walk, cof_config *config, const char *home,
                               const written *file, cof_err *err)
{
    owned_texts *owned = config->owned_;
    static const char folder[] = "dir:";
    const char *storage = file->storage != NULL ? file->storage : "dir:store";
    const char *path = NULL;
    if (strncmp(storage, folder, sizeof folder - 1) == 0) {
        COF_TRY(keep_path(owned, home, storage + sizeof folder - 1, &path, err));
        COF_TRY(keep(owned, folder, path, &config->storage, err));
    } else {
        config->storage = storage;
        check_storage(walk, node_of(config, "storage"), storage);
    }
    config->storage_secondary = file->storage_secondary;
    return keep_path(owned, home,
                     file->storage_credential != NULL ? file->storage_credential : file->credential,
                     &config->storage_credential, err);
}

static cof_status mean_vaults(cof_walk *walk, cof_config *config, owned_texts *owned,
                              const char *home, const written_list *list, cof_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        written_vault vault = {0};
        const size_t before = cof_diagnostics_count(walk->problems);
        cof_walk_map(walk, list->nodes[i], "a vault", &vault_table, &vault);
        if (cof_diagnostics_count(walk->problems) != before) {
            continue;
        }
        check_url(walk, list->nodes[i], vault.vault);
        cof_config_vault *out = &config->vaults[config->vault_count++];
        out->url = vault.vault;
        COF_TRY(keep_path(owned, home, vault.credential, &out->credential, err));
        COF_TRY(keep_path(owned, home, vault.ca, &out->ca, err));
    }
    return COF_OK;
}

static void mean_command(cof_walk *walk, cof_config_worker *worker, const cof_yaml_node *node)
{
    if (!cof_walk_is_list(walk, node, "command", 1, COF_CONFIG_WORDS)) {
        return;
    }
    for (const cof_yaml_node *word = node->first; word != NULL; word = word->next) {
        if (word->kind != COF_YAML_SCALAR) {
            cof_walk_problem(walk, word, NULL, "a command's words are texts");
            return;
        }
        worker->command[worker->command_count++] = word->text;
    }
}

static void mean_worker(cof_walk *walk, cof_config *config, const cof_yaml_node *node)
{
    static const char *const types[] = {"sgx", "sev-snp", "tdx", "azure-cvm"};
    written_worker given = {0};
    bool is_known = false;
    if (node == NULL || (node->kind == COF_YAML_SCALAR && strcmp(node->text, "simulated") == 0)) {
        return;
    }
    const size_t before = cof_diagnostics_count(walk->problems);
    cof_walk_map(walk, node, "the worker", &worker_table, &given);
    if (cof_diagnostics_count(walk->problems) != before) {
        return;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        is_known = is_known || strcmp(types[i], given.type) == 0;
    }
    if (!is_known || (given.connect == NULL) == (given.command == NULL)) {
        cof_walk_problem(walk, node,
                         "write {type: sgx, command: [...]} or {type: sev-snp, connect: HOST:PORT}",
                         "where workers come from is not said");
        return;
    }
    config->worker =
        (cof_config_worker){.type = given.type, .connect = given.connect, .host = given.host};
    if (given.command != NULL) {
        mean_command(walk, &config->worker, given.command);
    }
}

static void mean_attestation(cof_walk *walk, cof_config *config, const written_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->nodes[i]->text;
        if (strcmp(text, "local") == 0 && list->count == 1) {
            return;
        }
        check_url(walk, list->nodes[i], text);
        config->attestation[config->attestation_count++] = text;
    }
}

/* Without a credential in the file, the one that coffer login left is used. */
static cof_status mean_credentials(cof_config *config, owned_texts *owned, const char *home,
                                   const written *file, cof_err *err)
{
    cof_path login;
    COF_TRY(keep_path(owned, home, file->credential, &config->credential, err));
    COF_TRY(keep_path(owned, home, file->agent_credential, &config->agent_credential, err));
    COF_TRY(cof_path_format(&login, err, "%s/%s", home, login_file));
    if (config->credential == NULL && access(login.text, F_OK) == 0) {
        COF_TRY(keep(owned, "", login.text, &config->credential, err));
    }
    return keep_path(owned, home, file->ca, &config->ca, err);
}

static cof_status mean(cof_walk *walk, cof_config *config, const char *home, const written *file,
                       cof_err *err)
{
    owned_texts *owned = config->owned_;
    COF_TRY(mean_credentials(config, owned, home, file, err));
    COF_TRY(mean_storage(walk, config, home, file, err));
    mean_attestation(walk, config, &file->attestation);
    mean_worker(walk, config, file->worker);
    config->patience_s = file->patience != 0 ? file->patience : PATIENCE_S;
    COF_TRY(mean_vaults(walk, config, owned, home, &file->vaults, err));
    if (file->vault == NULL || strcmp(file->vault, "local") == 0) {
        return COF_OK;
    }
    config->vault = file->vault;
    check_url(walk, node_of(config, "vault"), file->vault);
    if (config->credential == NULL) {
        cof_walk_problem(walk, node_of(config, "vault"),
                         "add credential: FILE, or sign in with coffer login",
                         "how to sign in to this vault is not said");
    }
    return COF_OK;
}

/* A file with comments alone says nothing. */
static bool is_blank(cof_view text)
{
    bool is_comment = false;
    for (size_t i = 0; i < text.size; i++) {
        const char c = (char)text.data[i];
        is_comment = c != '\n' && (is_comment || c == '#');
        if (!is_comment && strchr(" \t\r\n", c) == NULL) {
            return false;
        }
    }
    return true;
}

static cof_status read_document(const char *path, cof_buf *text, cof_config *config,
                                const char *home, cof_err *err)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    owned_texts *owned = config->owned_;
    written file = {0};
    COF_TRY(cof_diagnostics_new(path, cof_buf_view(text), &problems, err));
    cof_walk walk = {problems};
    cof_status status = cof_yaml_parse(cof_buf_view(text), problems, &owned->document, err);
    if (status == COF_OK) {
        cof_walk_map(&walk, cof_yaml_root(owned->document), "the configuration", &written_table,
                     &file);
        status = mean(&walk, config, home, &file, err);
    }
    if (status != COF_OK && status != COF_E_CONTRACT_INVALID) {
        return status;
    }
    cof_diagnostics_sort(problems);
    const cof_diagnostic *first = cof_diagnostics_at(problems, 0);
    if (first != NULL) {
        return COF_FAIL(err, CONFIG, "%s:%zu:%zu: %s%s%s", path, first->line, first->column,
                        first->message, first->remedy[0] != '\0' ? "; " : "", first->remedy);
    }
    return COF_OK;
}

cof_status cof_config_read(const char *home, cof_config **out, cof_err *err)
{
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_config_drop_) cof_config *config = calloc(1, sizeof *config);
    if (config == NULL || (config->owned_ = calloc(1, sizeof(owned_texts))) == NULL) {
        return COF_FAIL(err, NO_MEMORY, "configuration");
    }
    cof_buf_init(&text, COF_YAML_BYTES);
    COF_TRY(cof_path_format(&path, err, "%s/%s", home, config_file));
    const cof_status status = cof_read_file(path.text, &text, err);
    if (status == COF_E_NOT_FOUND || (status == COF_OK && is_blank(cof_buf_view(&text)))) {
        const written nothing = {0};
        cof_walk walk = {NULL};
        COF_TRY(mean(&walk, config, home, &nothing, err));
    } else {
        COF_TRY(status);
        COF_TRY(read_document(path.text, &text, config, home, err));
    }
    *out = cof_config_take(&config);
    return COF_OK;
}

bool cof_config_needs_local(const cof_config *config)
{
    return config->vault == NULL || config->attestation_count == 0 || config->worker.type == NULL;
}

void cof_config_free(cof_config *config)
{
    if (config == NULL) {
        return;
    }
    owned_texts *owned = config->owned_;
    for (size_t i = 0; owned != NULL && i < owned->count; i++) {
        free(owned->texts[i]);
    }
    if (owned != NULL) {
        cof_yaml_free(owned->document);
    }
    free(owned);
    free(config);
}
