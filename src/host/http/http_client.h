/*
 * A blocking HTTPS client on libcurl, for the programs on the host: certificates are always
 * verified, redirects are never followed, proxies of the environment are ignored, every answer has
 * a maximum. One client keeps its connections; it is used by one thread at a time.
 */
#ifndef COF_HOST_HTTP_CLIENT_H
#define COF_HOST_HTTP_CLIENT_H

#include "host/http/breaker.h"
#include "host/http/form.h"
#include "host/http/http_message.h"
#include "host/http/http_retry.h"

typedef struct cof_http_client cof_http_client;

/** Zeroed members get the defaults named. Texts are copied. */
typedef struct cof_http_client_options {
    const char *ca_path; /* PEM; the only authorities believed. NULL: the system's */
    const char *pin;     /* "sha256//" and the base64 of the SHA-256 of the server's public key (its
                            SubjectPublicKeyInfo): that key alone is believed, and no authority is
                            asked. NULL: none */
    const char *proxy;   /* NULL: none, whatever the environment says */
    bool allow_http;     /* false: https only. For the link-local services of a cloud host, and test
                            storage */
    unsigned connect_ms; /* 5000 */
    unsigned total_ms;   /* 30000: each attempt, whole */
    unsigned operation_ms; /* 180000: all attempts and waits of one call together */
    cof_retry_policy retry;
    cof_breaker_policy breaker; /* of each scheme, host and port that is asked */
    /* Waits before the next attempt; ms 0 only looks, during an attempt. What is not COF_OK ends
     * the call with it. NULL: sleeps. */
    cof_status (*pause)(void *context, unsigned ms, cof_err *err);
    void *pause_context; /* kept */
} cof_http_client_options;

/** A request. All is borrowed. */
typedef struct cof_http_call {
    const char *method; /* "GET" */
    const char *url;
    const cof_http_pair *headers;
    size_t header_count;
    cof_view body;            /* {NULL, 0}: none */
    const char *bearer;       /* NULL: no Authorization */
    const char *content_type; /* NULL: none */
    bool is_repeatable;  /* a POST that may be sent twice; GET, HEAD, PUT and DELETE always are */
    bool is_patient;     /* 404 and 410 are asked again too: a metadata service that starts */
    unsigned attempts;   /* at most; 0: as many as the client's policy allows */
    size_t answer_limit; /* 0: COF_LIMIT_HTTP_ANSWER_BYTES */
} cof_http_call;

enum { COF_HTTP_CODE_SIZE = 64 };

/** An answer. Zeroed is valid. */
typedef struct cof_http_answer {
    int status;
    cof_buf body;
    cof_buf headers_;                  /* name NUL value NUL ...; use cof_http_answer_header */
    char code[COF_HTTP_CODE_SIZE];     /* of a refusal: the service's error.code, else "" */
    char request_id[COF_HTTP_ID_SIZE]; /* the request's x-ms-client-request-id */
} cof_http_answer;

enum { COF_HTTP_IDS_SIZE = 112 };

/** @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFIG (the CA file cannot be read). */
COF_MUST_USE cof_status cof_http_client_new(const cof_http_client_options *options,
                                            cof_http_client **out, cof_err *err);

/**
 * Sends a request, again where the policy says so, and gives the answer.
 *
 * @param out  zeroed or from a call before, freed by cof_http_answer_free; also written for
 * COF_E_REMOTE_ERROR
 * @return COF_OK (status 200 to 299, or 304), COF_E_REMOTE_ERROR (any other status), COF_E_NETWORK
 * (also: the service failed so often that it is left alone for a while, and was not asked),
 * COF_E_TIMEOUT, COF_E_LIMIT (the answer is over its limit), COF_E_BAD_ARGUMENT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_http_send(cof_http_client *client, const cof_http_call *call,
                                      cof_http_answer *out, cof_err *err);

/** A field of the answer (names without regard to case), or NULL. */
const char *cof_http_answer_header(const cof_http_answer *answer, const char *name);

/** "request ID, answered as ID": what to quote to whoever runs the service. */
void cof_http_answer_ids(const cof_http_answer *answer, char out[static COF_HTTP_IDS_SIZE]);

/** Wipes and frees. */
void cof_http_answer_free(cof_http_answer *answer);

void cof_http_client_free(cof_http_client *client);
COF_OWNED(cof_http_client, cof_http_client_free);

#endif
