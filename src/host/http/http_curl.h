/* What requests of all kinds say to libcurl, and what its failures mean. Inside http/. */
#ifndef COF_HOST_HTTP_CURL_H
#define COF_HOST_HTTP_CURL_H

#include <curl/curl.h>

#include "host/http/http_client.h"
#include "host/http/url.h"

/** Protocols, verification, proxy, times: all that no single request decides. @return COF_OK,
 * COF_E_CONFIG (the CA file), COF_E_INTERNAL. */
COF_MUST_USE cof_status cof_curl_set_up(CURL *curl, const cof_http_client_options *options,
                                        cof_err *err);

/**
 * The header of a request; *list is freed by the caller in any case. x-ms-client-request-id is the
 * call's own, else a fresh one.
 * @param out_id  which it is
 * @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_curl_headers(const cof_http_call *call, struct curl_slist **list,
                                         char out_id[static COF_HTTP_ID_SIZE], cof_err *err);

/** Method, URL, header and body. */
COF_MUST_USE cof_status cof_curl_request(CURL *curl, const cof_http_call *call,
                                         struct curl_slist *headers, cof_err *err);

/** Adds one line of an answer's header; a status line starts a new one. */
COF_MUST_USE cof_status cof_curl_keep_header(cof_http_answer *answer, const char *line, size_t size,
                                             cof_err *err);

/**
 * What a transfer that failed came to, with what can be done about it.
 *
 * @param detail  libcurl's error buffer, or ""
 * @return COF_OK (code is CURLE_OK), COF_E_TIMEOUT, COF_E_NO_MEMORY, COF_E_NETWORK.
 */
COF_MUST_USE cof_status cof_curl_failure(CURLcode code, const cof_url *url, const char *detail,
                                         cof_err *err);

/** A certificate that is wrong stays wrong: never tried again. */
bool cof_curl_is_wrong_certificate(CURLcode code);

#endif
