/*
 * Device authorization (RFC 8628): requests of devices that wait until a person has signed in in a
 * browser. In memory: they live for a quarter of an hour.
 */
#ifndef COF_LOCAL_DEVICES_H
#define COF_LOCAL_DEVICES_H

#include <stdint.h>

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

enum {
    COF_DEVICE_LIFE_S = 900,
    COF_DEVICE_INTERVAL_S = 5,
    COF_DEVICE_WAITING = 64,        /* requests at a time */
    COF_DEVICE_TRIES = 5,           /* wrong passwords for one code */
    COF_DEVICE_CODE_SIZE = 44,      /* 32 random bytes as base64url, and a NUL */
    COF_DEVICE_USER_CODE_SIZE = 10, /* "BCDF-GHJK" and a NUL */
    COF_DEVICE_NAME_SIZE = 40,      /* a GUID's text fits */
    COF_DEVICE_SCOPE_SIZE = 512
};

typedef enum cof_device_state {
    COF_DEVICE_PENDING,
    COF_DEVICE_GRANTED,
    COF_DEVICE_DENIED
} cof_device_state;

/** One request. Borrowed until the requests change. */
typedef struct cof_device {
    char device_code[COF_DEVICE_CODE_SIZE];
    char user_code[COF_DEVICE_USER_CODE_SIZE];
    char client_id[COF_DEVICE_NAME_SIZE];
    char scope[COF_DEVICE_SCOPE_SIZE];
    cof_device_state state;
    char user[COF_DEVICE_NAME_SIZE]; /* object id, when granted */
    cof_digest credential;           /* what the user signed in with, when granted */
    int64_t expires;
    int64_t next_poll; /* not before */
    int64_t interval;
    unsigned failures;
} cof_device;

typedef struct cof_devices cof_devices;

COF_MUST_USE cof_status cof_devices_new(cof_devices **out, cof_err *err);

/**
 * Starts a request.
 *
 * @return COF_OK, COF_E_BUSY (too many wait), COF_E_LIMIT (a text is too long), COF_E_CRYPTO
 */
COF_MUST_USE cof_status cof_devices_start(cof_devices *devices, const char *client_id,
                                          const char *scope, int64_t now, const cof_device **out,
                                          cof_err *err);

/** What a poll of the device finds. */
typedef enum cof_device_poll {
    COF_POLL_UNKNOWN, /* no such code, or it has expired */
    COF_POLL_PENDING,
    COF_POLL_SLOW_DOWN, /* too early: the interval is longer now */
    COF_POLL_DENIED,    /* said once: the request is gone */
    COF_POLL_GRANTED    /* said once: the request is gone; *out says whose it is */
} cof_device_poll;

/** @param out  written when granted */
cof_device_poll cof_devices_poll(cof_devices *devices, const char *device_code,
                                 const char *client_id, int64_t now, cof_device *out);

/** The pending request with this user code, in any case and with or without its dash; else NULL. */
const cof_device *cof_devices_pending(const cof_devices *devices, const char *user_code,
                                      int64_t now);

/** Grants a pending request to a user. @param credential  what the user signed in with: another one
 * since then gives no token */
void cof_devices_grant(cof_devices *devices, const cof_device *pending, const char *user,
                       const cof_digest *credential);
void cof_devices_deny(cof_devices *devices, const cof_device *pending);

/** A wrong name or password came with the code of a pending request: with the last of
 * COF_DEVICE_TRIES it is denied, so that guesses, each of which costs a password's hash, have a
 * bound. */
void cof_devices_failed(cof_devices *devices, const cof_device *pending);

void cof_devices_free(cof_devices *devices);
COF_OWNED(cof_devices, cof_devices_free);

#endif
