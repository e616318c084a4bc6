#include "host/config/config.h"

#include <stdio.h>
#include <string.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/files/files.h"

static void write_config(const char *home, const char *text)
{
    cof_path path;
    assert_int_equal(cof_path_format(&path, NULL, "%s/coffer.yaml", home), COF_OK);
    assert_int_equal(cof_write_file(path.text, cof_view_text(text), 0600, NULL), COF_OK);
}

static void assert_refused(const char *text, const char *place, const char *part)
{
    char home[COF_TEMPDIR_SIZE];
    cof_config *config = NULL;
    cof_err err = {0};
    cof_tempdir_make(home);
    write_config(home, text);
    assert_int_equal(cof_config_read(home, &config, &err), COF_E_CONFIG);
    if (strstr(err.detail, place) == NULL || strstr(err.detail, part) == NULL) {
        print_message("%s\n", err.detail);
        fail();
    }
    cof_tempdir_remove(home);
}

static void without_a_file_everything_is_local(void **state)
{
    char home[COF_TEMPDIR_SIZE];
    char store[COF_TEMPDIR_SIZE + 16];
    (void)state;
    cof_tempdir_make(home);
    COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
    assert_int_equal(cof_config_read(home, &config, NULL), COF_OK);
    (void)snprintf(store, sizeof store, "dir:%s/store", home);
    assert_string_equal(config->storage, store);
    assert_null(config->vault);
    assert_null(config->credential);
    assert_int_equal(config->attestation_count, 0);
    assert_int_equal(config->vault_count, 0);
    assert_int_equal(config->patience_s, 120);
    cof_tempdir_remove(home);
}

static void every_key_is_read(void **state)
{
    char home[COF_TEMPDIR_SIZE];
    char expected[COF_TEMPDIR_SIZE + 32];
    (void)state;
    cof_tempdir_make(home);
    write_config(home, "storage: azure:https://a.blob.core.windows.net/c/p\n"
                       "storage_secondary: https://a-secondary.blob.core.windows.net/c/p\n"
                       "vault: https://v.vault.azure.net\n"
                       "attestation: [https://one.attest.azure.net, https://two.attest.azure.net]\n"
                       "credential: owner.json\n"
                       "agent_credential: /etc/agent.json\n"
                       "ca: roots.pem\n"
                       "patience: 90s\n"
                       "vaults:\n"
                       "  - {vault: https://w.vault.azure.net, credential: w.json}\n");
    COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
    assert_int_equal(cof_config_read(home, &config, NULL), COF_OK);
    assert_string_equal(config->storage, "azure:https://a.blob.core.windows.net/c/p");
    assert_string_equal(config->vault, "https://v.vault.azure.net");
    assert_int_equal(config->attestation_count, 2);
    assert_string_equal(config->attestation[1], "https://two.attest.azure.net");
    (void)snprintf(expected, sizeof expected, "%s/owner.json", home);
    assert_string_equal(config->credential, expected);
    assert_string_equal(config->storage_credential, expected);
    assert_string_equal(config->agent_credential, "/etc/agent.json");
    assert_int_equal(config->patience_s, 90);
    assert_int_equal(config->vault_count, 1);
    assert_string_equal(config->vaults[0].url, "https://w.vault.azure.net");
    (void)snprintf(expected, sizeof expected, "%s/w.json", home);
    assert_string_equal(config->vaults[0].credential, expected);
    assert_null(config->vaults[0].ca);
    cof_tempdir_remove(home);
}

static void workers_come_from_where_it_says(void **state)
{
    char home[COF_TEMPDIR_SIZE];
    (void)state;
    cof_tempdir_make(home);
    write_config(home,
                 "# all else is local\nworker: {type: sgx, command: [gramine-sgx, worker]}\n");
    COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
    assert_int_equal(cof_config_read(home, &config, NULL), COF_OK);
    assert_string_equal(config->worker.type, "sgx");
    assert_int_equal(config->worker.command_count, 2);
    assert_string_equal(config->worker.command[1], "worker");
    assert_true(cof_config_needs_local(config));
    cof_tempdir_remove(home);
}

static void a_file_of_comments_says_nothing(void **state)
{
    char home[COF_TEMPDIR_SIZE];
    (void)state;
    cof_tempdir_make(home);
    write_config(home, "\n  # vault: https://v\n");
    COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
    assert_int_equal(cof_config_read(home, &config, NULL), COF_OK);
    assert_null(config->vault);
    assert_null(config->worker.type);
    cof_tempdir_remove(home);
}

static void what_a_sign_in_left_is_the_credential(void **state)
{
    char home[COF_TEMPDIR_SIZE];
    cof_path login;
    (void)state;
    cof_tempdir_make(home);
    assert_int_equal(cof_path_format(&login, NULL, "%s/login.json", home), COF_OK);
    assert_int_equal(cof_write_file(login.text, cof_view_text("{}"), 0600, NULL), COF_OK);
    write_config(home, "vault: https://v.vault.azure.net\n");
    COF_CLEANUP(cof_config_drop_) cof_config *config = NULL;
    assert_int_equal(cof_config_read(home, &config, NULL), COF_OK);
    assert_string_equal(config->credential, login.text);
    cof_tempdir_remove(home);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    assert_refused("stroage: dir:x\n", "coffer.yaml:1:1", "did you mean \"storage\"");
    assert_refused("storage: s3://x\n", "coffer.yaml:1:", "azure:https://");
    assert_refused("storage: azure:x\n", "coffer.yaml:1:", "azure:https://");
    assert_refused("credential: a\nvault: http://v.vault.azure.net\n", "coffer.yaml:2:", "https");
    assert_refused("credential: a\nvault: https://v.vault.azure.net/keys\n", ":2:", "https");
    assert_refused("vault: https://v.vault.azure.net\n", "coffer.yaml:1:", "coffer login");
    assert_refused("attestation: [local, https://x]\n", "coffer.yaml:1:", "https");
    assert_refused("attestation: []\n", "coffer.yaml:1:", "attestation");
    assert_refused("attestation: [{a: b}]\n", "coffer.yaml:1:", "https");
    assert_refused("attestation: [[a], https://x]\n", "coffer.yaml:1:", "https");
    assert_refused("vaults: [{vault: https://v}]\n", "coffer.yaml:1:", "credential");
    assert_refused("vaults: [{vault: ftp://v, credential: c}]\n", "coffer.yaml:1:", "https");
    assert_refused("ca: a\nca: b\n", "coffer.yaml:2:", "");
    assert_refused("patience: 0s\n", "coffer.yaml:1:", "patience");
    assert_refused("patience: 2d\n", "coffer.yaml:1:", "patience");
    assert_refused("worker: sgx\n", "coffer.yaml:1:", "");
    assert_refused("worker: {type: simulated, connect: a:1}\n", "coffer.yaml:1:", "sev-snp");
    assert_refused("worker: {type: sgx}\n", "coffer.yaml:1:", "command");
    assert_refused("worker: {type: sgx, command: [a], connect: b}\n", "coffer.yaml:1:", "command");
    assert_refused("worker: {type: sgx, command: [[a]]}\n", "coffer.yaml:1:", "texts");
    assert_refused("- a\n", "coffer.yaml:1:", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_everything_is_local),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(workers_come_from_where_it_says),
        cmocka_unit_test(a_file_of_comments_says_nothing),
        cmocka_unit_test(what_a_sign_in_left_is_the_credential),
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
