/*
 * Texts about storage from outside: the header fields of an answer, and the URL of a container.
 * What is accepted is printed back as it stood.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/azure/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void check_range(const char *text)
{
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t size = 0;
    if (cof_content_range_parse(text, &first, &last, &size, NULL) == COF_OK) {
        require(first <= last && last < size);
        require(size < 1000000000000000000);
    }
}

static void check_place(const char *text)
{
    cof_storage_place place = {0};
    cof_view sas = {0};
    COF_CLEANUP(cof_buf_free) cof_buf path = {.limit = 8192};
    if (cof_storage_place_parse(text, &place, &sas, NULL) != COF_OK) {
        return;
    }
    require(strlen(place.account) >= 1 && strlen(place.container) >= 3);
    require(place.is_https || strncmp(place.origin, "http://", 7) == 0);
    require(sas.size == 0 || sas.data[-1] == '?');
    require(strstr(place.prefix, "?") == NULL && place.prefix[0] != '/');
    require(cof_storage_path(&place, "a b", &path, NULL) == COF_OK);
    require(memmem(path.data, path.size, "/a%20b", 6) != NULL);
    /* The URL that is made of it means the same. */
    char again[4096];
    cof_storage_place second = {0};
    (void)snprintf(again, sizeof again, "%s%s%s/%s/%s", place.origin,
                   place.has_path_account ? "/" : "",
                   place.has_path_account ? place.host_account : "", place.container, place.prefix);
    require(cof_storage_place_parse(again, &second, &sas, NULL) == COF_OK);
    require(memcmp(&place, &second, sizeof place) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4096];
    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    check_range(text);
    check_place(text);
    return 0;
}
