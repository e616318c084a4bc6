/*
 * Writes evidence of the Intel rig into a folder that exists: quote.bin, the collateral under its
 * file names, root.pem, pck_chain.pem and pin.txt (SHA-256 of the root's SubjectPublicKeyInfo,
 * hex).
 *
 *     intel_rig_tool sgx3|sgx4|sgx5|tdx4|tdx5|tdx5-1.5 FOLDER [open-enclave] [processor] [tcb2]
 *
 * The evidence is good at 2027-01-01T00:00:00Z (1798761600).
 */
#include <stdio.h>
#include <string.h>

#include "rig/intel_rig.h"

static const char *const forms[INTEL_RIG_FORM_COUNT] = {"sgx3", "sgx4", "sgx5",
                                                        "tdx4", "tdx5", "tdx5-1.5"};

static bool write_file(const char *folder, const char *name, cof_view bytes)
{
    char path[4096];
    const int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = size > 0 && (size_t)size < sizeof path ? fopen(path, "wb") : NULL;
    if (file == NULL) {
        perror(name);
        return false;
    }
    const bool is_written = fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    return fclose(file) == 0 && is_written;
}

static bool write_all(const intel_rig *rig, const char *folder)
{
    bool is_written = write_file(folder, "quote.bin", cof_buf_view(&rig->quote));
    for (int i = 0; i < COF_COLLATERAL_COUNT && is_written; i++) {
        const cof_collateral_item item = (cof_collateral_item)i;
        const cof_view bytes = cof_collateral_view(&rig->collateral, item);
        is_written = bytes.size == 0 || write_file(folder, cof_collateral_file_name(item), bytes);
    }
    char pin[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&rig->pin.spki, pin);
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 64 * 1024};
    return is_written && write_file(folder, "pin.txt", cof_view_text(pin)) &&
           write_file(folder, "root.pem", cof_buf_view(&rig->pem[INTEL_RIG_ROOT])) &&
           cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_LEAF]), NULL) == COF_OK &&
           cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_CA]), NULL) == COF_OK &&
           cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_ROOT]), NULL) == COF_OK &&
           write_file(folder, "pck_chain.pem", cof_buf_view(&chain));
}

static bool read_arguments(int argc, char **argv, intel_rig_options *out)
{
    size_t form = 0;
    while (argc > 2 && form < INTEL_RIG_FORM_COUNT && strcmp(argv[1], forms[form]) != 0) {
        form++;
    }
    if (argc < 3 || form == INTEL_RIG_FORM_COUNT) {
        return false;
    }
    out->form = (intel_rig_form)form;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "open-enclave") == 0) {
            out->quote.is_open_enclave = true;
        } else if (strcmp(argv[i], "processor") == 0) {
            out->platform.is_processor_ca = true;
        } else if (strcmp(argv[i], "tcb2") == 0) {
            out->tcb.document.version = 2;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    intel_rig_options options = {0};
    intel_rig rig;
    cof_err err = {0};
    if (!read_arguments(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: intel_rig_tool sgx3|sgx4|sgx5|tdx4|tdx5|tdx5-1.5 FOLDER "
                              "[open-enclave] [processor] [tcb2]\n");
        return 64;
    }
    if (intel_rig_make(&rig, &options, &err) != COF_OK) {
        (void)fprintf(stderr, "%s\n", err.detail);
        return 70;
    }
    const bool is_written = write_all(&rig, argv[2]);
    intel_rig_free(&rig);
    return is_written ? 0 : 74;
}
