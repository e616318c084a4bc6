#include "local/identity/devices.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

/* 20 consonants (RFC 8628 section 6.1): no words, and nothing that reads like a digit. 20^8 is
 * about 2^34.6. */
static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";

enum { LETTERS = sizeof letters - 1, CODE_LETTERS = 8, SECRET_BYTES = 32, INTERVAL_MAX_S = 60 };

struct cof_devices {
    cof_device places[COF_DEVICE_WAITING]; /* expires 0: free */
};

cof_status cof_devices_new(cof_devices **out, cof_err *err)
{
    cof_devices *devices = calloc(1, sizeof *devices);
    if (devices == NULL) {
        return COF_FAIL(err, NO_MEMORY, "device requests");
    }
    *out = devices;
    return COF_OK;
}

static void forget(cof_device *device)
{
    cof_wipe(device, sizeof *device);
}

static cof_device *free_place(cof_devices *devices, int64_t now)
{
    for (size_t i = 0; i < COF_DEVICE_WAITING; i++) {
        if (devices->places[i].expires <= now) {
            return &devices->places[i];
        }
    }
    return NULL;
}

/* Bytes from 240 on are drawn again, so that each letter is as likely as another. */
static cof_status draw_user_code(char out[static COF_DEVICE_USER_CODE_SIZE], cof_err *err)
{
    size_t count = 0;
    size_t at = 0;
    while (count < CODE_LETTERS) {
        uint8_t byte = 0;
        COF_TRY(cof_random((cof_span){&byte, 1}, err));
        if (byte < 256 / LETTERS * LETTERS) {
            if (count == CODE_LETTERS / 2) {
                out[at++] = '-';
            }
            out[at++] = letters[byte % LETTERS];
            count++;
        }
    }
    out[at] = '\0';
    return COF_OK;
}

static cof_status draw_device_code(char out[static COF_DEVICE_CODE_SIZE], cof_err *err)
{
    uint8_t random[SECRET_BYTES];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_DEVICE_CODE_SIZE - 1};
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    const cof_status status = cof_base64url_encode(cof_view_of(random, sizeof random), &text, err);
    cof_wipe(random, sizeof random);
    COF_TRY(status);
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return COF_OK;
}

cof_status cof_devices_start(cof_devices *devices, const char *client_id, const char *scope,
                             int64_t now, const cof_device **out, cof_err *err)
{
    cof_device device = {.expires = now + COF_DEVICE_LIFE_S,
                         .next_poll = now, /* the first poll may come at once */
                         .interval = COF_DEVICE_INTERVAL_S};
    cof_device *place = free_place(devices, now);
    if (place == NULL) {
        return COF_FAIL(err, BUSY, "%d sign-ins wait already", COF_DEVICE_WAITING);
    }
    if (strlen(client_id) >= sizeof device.client_id || strlen(scope) >= sizeof device.scope) {
        return COF_FAIL(err, LIMIT, "client_id or scope is too long");
    }
    memcpy(device.client_id, client_id, strlen(client_id) + 1);
    memcpy(device.scope, scope, strlen(scope) + 1);
    do {
        COF_TRY(draw_user_code(device.user_code, err));
    } while (cof_devices_pending(devices, device.user_code, now) != NULL);
    COF_TRY(draw_device_code(device.device_code, err));
    *place = device;
    *out = place;
    return COF_OK;
}

static cof_device *find_device(cof_devices *devices, const char *device_code, const char *client_id,
                               int64_t now)
{
    if (strlen(device_code) != COF_DEVICE_CODE_SIZE - 1) {
        return NULL;
    }
    for (size_t i = 0; i < COF_DEVICE_WAITING; i++) {
        cof_device *device = &devices->places[i];
        if (device->expires > now &&
            cof_secret_equal(device->device_code, device_code, COF_DEVICE_CODE_SIZE - 1) &&
            strcasecmp(device->client_id, client_id) == 0) {
            return device;
        }
    }
    return NULL;
}

cof_device_poll cof_devices_poll(cof_devices *devices, const char *device_code,
                                 const char *client_id, int64_t now, cof_device *out)
{
    cof_device *device = find_device(devices, device_code, client_id, now);
    if (device == NULL) {
        return COF_POLL_UNKNOWN;
    }
    if (device->state == COF_DEVICE_GRANTED) {
        *out = *device;
        forget(device);
        return COF_POLL_GRANTED;
    }
    if (device->state == COF_DEVICE_DENIED) {
        forget(device);
        return COF_POLL_DENIED;
    }
    if (now < device->next_poll) {
        /* RFC 8628 section 3.5: five seconds more, for this and all later ones. */
        device->interval += device->interval < INTERVAL_MAX_S ? COF_DEVICE_INTERVAL_S : 0;
        device->next_poll = now + device->interval;
        return COF_POLL_SLOW_DOWN;
    }
    /* A second of leeway: a device counts from the answer, and both clocks cut off. */
    device->next_poll = now + device->interval - 1;
    return COF_POLL_PENDING;
}

/* The letters of a code as people type it. @return false when it is none. */
static bool read_user_code(const char *text, char out[static CODE_LETTERS])
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        const char upper = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        if (upper == '-' || upper == ' ') {
            continue;
        }
        if (memchr(letters, upper, LETTERS) == NULL || count == CODE_LETTERS) {
            return false;
        }
        out[count++] = upper;
    }
    return count == CODE_LETTERS;
}

const cof_device *cof_devices_pending(const cof_devices *devices, const char *user_code,
                                      int64_t now)
{
    char asked[CODE_LETTERS];
    char has[CODE_LETTERS];
    if (!read_user_code(user_code, asked)) {
        return NULL;
    }
    for (size_t i = 0; i < COF_DEVICE_WAITING; i++) {
        const cof_device *device = &devices->places[i];
        if (device->expires > now && device->state == COF_DEVICE_PENDING &&
            read_user_code(device->user_code, has) && memcmp(asked, has, sizeof asked) == 0) {
            return device;
        }
    }
    return NULL;
}

void cof_devices_grant(cof_devices *devices, const cof_device *pending, const char *user,
                       const cof_digest *credential)
{
    cof_device *device = &devices->places[pending - devices->places];
    device->state = COF_DEVICE_GRANTED;
    device->credential = *credential;
    (void)snprintf(device->user, sizeof device->user, "%s", user);
}

void cof_devices_deny(cof_devices *devices, const cof_device *pending)
{
    devices->places[pending - devices->places].state = COF_DEVICE_DENIED;
}

void cof_devices_failed(cof_devices *devices, const cof_device *pending)
{
    cof_device *device = &devices->places[pending - devices->places];
    device->failures++;
    if (device->failures >= COF_DEVICE_TRIES) {
        cof_devices_deny(devices, pending);
    }
}

void cof_devices_free(cof_devices *devices)
{
    if (devices != NULL) {
        cof_wipe(devices, sizeof *devices);
        free(devices);
    }
}
