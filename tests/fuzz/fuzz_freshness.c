/* The memory of collateral: what is read is written and read back the same; a note only goes
 * forward. */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/freshness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_freshness seen;
static cof_freshness again;

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void note_all(void)
{
    for (size_t i = 0; i < again.count; i++) {
        cof_freshness_item item = again.items[i];
        require(cof_freshness_check(&seen, &item, NULL, NULL) == COF_OK);
        item.issued_unix_s++;
        cof_freshness_note(&seen, &item);
        item.issued_unix_s--;
        cof_freshness_note(&seen, &item);
        require(cof_freshness_check(&seen, &item, NULL, NULL) == COF_E_COLLATERAL_ROLLED_BACK);
        require(seen.count == again.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    seen = (cof_freshness){0};
    again = (cof_freshness){0};
    if (cof_freshness_parse(cof_view_of(data, size), &seen, NULL) != COF_OK) {
        require(seen.count == 0);
        return 0;
    }
    require(cof_freshness_print(&seen, &text, NULL) == COF_OK);
    require(cof_freshness_parse(cof_buf_view(&text), &again, NULL) == COF_OK);
    require(memcmp(&seen, &again, sizeof seen) == 0);
    note_all();
    return 0;
}
