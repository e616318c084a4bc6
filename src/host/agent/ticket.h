/*
 * What lets an owner send an object straight to a run's agent: where it listens, a secret of this
 * run, and the only TLS key that is it. docs/formats/transfer.md.
 *
 *   coffer://HOST:PORT/SECRET#KEY
 *
 * SECRET is base64url of 32 random bytes, KEY the SHA-256 of the agent's SubjectPublicKeyInfo in
 * hex.
 */
#ifndef COF_AGENT_TICKET_H
#define COF_AGENT_TICKET_H

#include "host/http/url.h"
#include "tcb/crypto/digest.h"

enum {
    COF_TICKET_SECRET_SIZE = 44, /* with its NUL */
    COF_TICKET_BYTES = 512,      /* of the whole text */
    COF_TICKET_PIN_SIZE = 64
};

/** A plain value; the caller wipes it. */
typedef struct cof_ticket {
    char host[COF_URL_HOST_SIZE];
    uint16_t port;
    char secret[COF_TICKET_SECRET_SIZE];
    cof_digest key;
} cof_ticket;

/** Splits HOST:PORT; the port must be there. @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_ticket_parse_place(const char *text, cof_url *out, cof_err *err);

/** Reads a ticket's text. @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_ticket_parse(const char *text, cof_ticket *out, cof_err *err);

/** Appends the text. @return as cof_buf_append. */
COF_MUST_USE cof_status cof_ticket_print(const cof_ticket *ticket, cof_buf *out, cof_err *err);

/** The key as cof_http_client_options.pin wants it. */
COF_MUST_USE cof_status cof_ticket_pin(const cof_ticket *ticket,
                                       char out[static COF_TICKET_PIN_SIZE], cof_err *err);

/** Whether this is the ticket's secret; in a time that says nothing of it. */
bool cof_ticket_has_secret(const cof_ticket *ticket, const char *offered);

/** The files of a ticket: its text, and the agent's certificate and key as PEM. */
typedef struct cof_ticket_files {
    const char *ticket;
    const char *certificate;
    const char *key;
} cof_ticket_files;

/**
 * Makes a secret, a key and a self-signed certificate for an agent at this place, and writes the
 * files (mode 0600), the ticket last. @return COF_OK, COF_E_CRYPTO, COF_E_NO_MEMORY, as
 * cof_write_file.
 */
COF_MUST_USE cof_status cof_ticket_make(const cof_url *place, const cof_ticket_files *files,
                                        cof_ticket *out, cof_err *err);

/** Reads the ticket's file. @return as cof_read_file, cof_ticket_parse. */
COF_MUST_USE cof_status cof_ticket_read(const char *path, cof_ticket *out, cof_err *err);

#endif
