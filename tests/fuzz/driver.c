/*
 * Runs a fuzz target over files: the corpus in every `meson test`, a crash that a fuzzer has found.
 * Arguments are files, and folders whose files are run in the order of their names.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long count;

static int fail(const char *path)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return 1;
}

static int run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    /* A block of exactly this size, so that the sanitizers see a read beyond it. */
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
        free(data);
        if (file != NULL) {
            (void)fclose(file);
        }
        return fail(path);
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    count++;
    return 0;
}

static int run_folder(const char *path)
{
    struct dirent **entries = NULL;
    const int found = scandir(path, &entries, NULL, alphasort);
    if (found < 0) {
        return fail(path);
    }
    int failures = 0;
    for (int i = 0; i < found; i++) {
        char file[PATH_MAX];
        struct stat info;
        (void)snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (stat(file, &info) == 0 && S_ISREG(info.st_mode)) {
            failures += run_file(file, (size_t)info.st_size);
        }
        free(entries[i]);
    }
    free(entries);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (stat(argv[i], &info) != 0) {
            failures += fail(argv[i]);
        } else if (S_ISDIR(info.st_mode)) {
            failures += run_folder(argv[i]);
        } else {
            failures += run_file(argv[i], (size_t)info.st_size);
        }
    }
    (void)printf("%lu inputs\n", count);
    return failures == 0 && count > 0 ? 0 : 1;
}
