/* Blob Storage's texts: what is signed, names, XML, ranges, refusals. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/azure/blob.h"
#include "host/files/files.h"
#include "tcb/wire/text.h"

enum { PAIRS = 10 };

/* A request as the official library signed it. */
typedef struct signed_request {
    const char *method;
    const char *path;
    cof_http_pair query[PAIRS];
    cof_http_pair headers[PAIRS];
    size_t body_size;
    const char *content_type;
    const char *authorization;
} signed_request;

#include "answers.h"

static const char key_text[] =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

static size_t count(const cof_http_pair *pairs)
{
    size_t n = 0;
    while (n < PAIRS && pairs[n].name != NULL) {
        n++;
    }
    return n;
}

static void requests_are_signed_as_the_official_library_does(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 100};
    assert_ok(cof_base64_decode(cof_view_text(key_text), &key, NULL));
    for (size_t i = 0; i < sizeof signed_requests / sizeof signed_requests[0]; i++) {
        const signed_request *r = &signed_requests[i];
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
        COF_CLEANUP(cof_buf_free) cof_buf mac = {.limit = 200};
        const cof_storage_signed request = {.method = r->method,
                                            .account = "devstoreaccount1",
                                            .path = r->path,
                                            .query = r->query,
                                            .query_count = count(r->query),
                                            .headers = r->headers,
                                            .header_count = count(r->headers),
                                            .body_size = r->body_size,
                                            .content_type = r->content_type};
        assert_ok(cof_storage_string_to_sign(&request, &text, NULL));
        assert_ok(cof_buf_append_text(&mac, "SharedKey devstoreaccount1:", NULL));
        assert_ok(cof_storage_hmac(cof_buf_view(&key), cof_buf_view(&text), &mac, NULL));
        assert_view_text(cof_buf_view(&mac), r->authorization);
    }
}

/* The signature in a query. */
static void assert_signature(const cof_storage_sas *sas, const char *expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf query = {.limit = 4096};
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    assert_ok(cof_storage_sas_make(sas, &query, NULL));
    assert_ok(cof_form_parse(cof_buf_view(&query), &form, NULL));
    assert_string_equal(cof_form_get(form, "sig"), expected);
    assert_string_equal(cof_form_get(form, "sp"), sas->permissions);
    assert_string_equal(cof_form_get(form, "sv"), "2020-12-06");
}

static void signatures_for_others_are_as_the_official_library_makes_them(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 100};
    assert_ok(cof_base64_decode(cof_view_text(key_text), &key, NULL));
    cof_storage_sas sas = {.account = "devstoreaccount1",
                           .container = "data",
                           .blob = "jobs/a.sealed",
                           .permissions = "r",
                           .expiry = "2030-01-02T03:04:05Z",
                           .https_only = true,
                           .key = cof_buf_view(&key)};
    assert_signature(&sas, blob_sas);
    const cof_delegation_key delegation = {.oid = "11111111-2222-3333-4444-555555555555",
                                           .tid = "66666666-7777-8888-9999-000000000000",
                                           .start = "2030-01-01T00:00:00Z",
                                           .expiry = "2030-01-03T00:00:00Z",
                                           .service = "b",
                                           .version = "2021-12-02"};
    sas.delegation = &delegation;
    sas.account = "account";
    sas.permissions = "rcw";
    assert_signature(&sas, delegated_sas);
    sas = (cof_storage_sas){.account = "devstoreaccount1",
                            .container = "data",
                            .permissions = "rl",
                            .start = "2030-01-01T00:00:00Z",
                            .expiry = "2030-01-02T03:04:05Z",
                            .key = cof_buf_view(&key)};
    assert_signature(&sas, container_sas);
}

static void permissions_have_one_order(void **state)
{
    (void)state;
    const char *const bad[] = {"", "wr", "rr", "x", "r w"};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const cof_storage_sas sas = {.account = "a",
                                     .container = "c",
                                     .permissions = bad[i],
                                     .expiry = "2030-01-02T03:04:05Z"};
        assert_status(cof_storage_sas_make(&sas, &out, NULL), BAD_ARGUMENT);
    }
}

static void times_are_written_as_the_service_reads_them(void **state)
{
    (void)state;
    char date[COF_STORAGE_DATE_SIZE];
    char when[COF_STORAGE_TIME_SIZE];
    cof_storage_date(784111777, date);
    cof_storage_time(784111777, when);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(when, "1994-11-06T08:49:37Z");
}

static void a_container_is_found_in_either_form_of_url(void **state)
{
    (void)state;
    static const struct {
        const char *url, *origin, *account, *container, *prefix, *sas, *path;
    } cases[] = {
        {"https://acc.blob.core.windows.net/data", "https://acc.blob.core.windows.net", "acc",
         "data", "", "", "/data/a%20b/c"},
        {"https://acc-secondary.blob.core.windows.net/data/x/y/?sv=1&sig=2",
         "https://acc-secondary.blob.core.windows.net", "acc", "data", "x/y", "sv=1&sig=2",
         "/data/a%20b/c"},
        {"http://127.0.0.1:10000/dev/data/p", "http://127.0.0.1:10000", "dev", "data", "p", "",
         "/dev/data/a%20b/c"},
        {"https://[::1]:1/dev-secondary/data", "https://[::1]:1", "dev", "data", "", "",
         "/dev-secondary/data/a%20b/c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cof_storage_place place;
        cof_view sas;
        COF_CLEANUP(cof_buf_free) cof_buf path = {.limit = 100};
        assert_ok(cof_storage_place_parse(cases[i].url, &place, &sas, NULL));
        assert_string_equal(place.origin, cases[i].origin);
        assert_string_equal(place.account, cases[i].account);
        assert_string_equal(place.container, cases[i].container);
        assert_string_equal(place.prefix, cases[i].prefix);
        assert_view_text(sas, cases[i].sas);
        assert_ok(cof_storage_path(&place, "a b/c", &path, NULL));
        assert_view_text(cof_buf_view(&path), cases[i].path);
    }
}

static void what_is_no_container_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "https://acc.blob.core.windows.net",
                               "https://acc.blob.core.windows.net/",
                               "https://acc.blob.core.windows.net/Data",
                               "https://acc.blob.core.windows.net/da",
                               "https://acc.blob.core.windows.net/data/a%20b",
                               "https://acc.blob.core.windows.net/data/a b",
                               "http://acc.blob.core.windows.net/data",
                               "http://10.0.0.1/dev/data",
                               "http://127.0.0.1:10000/data",
                               "http://127.blob.example.org/data",
                               "https://acc.blob.core.windows.net/data/../other",
                               "https://acc.blob.core.windows.net/data/a/./b",
                               "https://acc.blob.core.windows.net/data/a//b",
                               "ftp://acc.blob.core.windows.net/data",
                               "https://a.blob.core.windows.net/data"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cof_storage_place place;
        cof_view sas;
        assert_status(cof_storage_place_parse(bad[i], &place, &sas, NULL), CONFIG);
    }
}

static cof_status join(void *context, const cof_storage_listed *blob, cof_err *err)
{
    return cof_buf_printf(context, err, "%s=%llu%s ", blob->name, (unsigned long long)blob->size,
                          blob->is_folder ? "/" : "");
}

static void a_list_is_read_with_its_marker(void **state)
{
    (void)state;
    static const char xml[] =
        "\xef\xbb\xbf<?xml version=\"1.0\" "
        "encoding=\"utf-8\"?><EnumerationResults><Prefix>a</Prefix>"
        "<Blobs><Blob><Name>a/&amp;b</Name><Properties><Etag>\"0x1\"</Etag><Content-Length>12"
        "</Content-Length></Properties><Metadata><Name>no</Name></Metadata></Blob><Blob><Name>a/d"
        "</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob></Blobs>"
        "<NextMarker>m 1</NextMarker></EnumerationResults>";
    COF_CLEANUP(cof_buf_free) cof_buf names = {.limit = 100};
    COF_CLEANUP(cof_buf_free) cof_buf marker = {.limit = 100};
    assert_ok(cof_storage_xml_list(cof_view_text(xml), join, &names, &marker, NULL));
    assert_view_text(cof_buf_view(&names), "a/&b=12 a/d=0/ ");
    assert_view_text(cof_buf_view(&marker), "m 1");
}

static void a_list_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        cof_status status;
    } bad[] = {
        {"", COF_E_BAD_FORMAT},
        {"<Error><Code>X</Code></Error>", COF_E_BAD_FORMAT},
        {"<EnumerationResults>", COF_E_BAD_FORMAT},
        {"<!DOCTYPE a [<!ENTITY x \"y\">]><EnumerationResults>&x;</EnumerationResults>",
         COF_E_BAD_FORMAT},
        {"<EnumerationResults><Blobs><Blob><Name>a</Name></Blob></Blobs></EnumerationResults>",
         COF_E_BAD_FORMAT},
        {"<EnumerationResults><Blobs><Blob><Name>a</Name><Properties><Content-Length>-1"
         "</Content-Length></Properties></Blob></Blobs></EnumerationResults>",
         COF_E_BAD_FORMAT},
        {"<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>", COF_E_LIMIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
        COF_CLEANUP(cof_buf_free) cof_buf marker = {.limit = 100};
        assert_int_equal(cof_storage_xml_list(cof_view_text(bad[i].xml), join, &out, &marker, NULL),
                         bad[i].status);
    }
}

static cof_status join_block(void *context, const char *id, uint64_t size, cof_err *err)
{
    return cof_buf_printf(context, err, "%s=%llu ", id, (unsigned long long)size);
}

static void committed_and_uncommitted_blocks_are_told_apart(void **state)
{
    (void)state;
    static const char xml[] =
        "<BlockList><CommittedBlocks><Block><Name>QQ==</Name><Size>1</Size></Block>"
        "</CommittedBlocks><UncommittedBlocks><Block><Name>Qg==</Name><Size>2</Size></Block>"
        "<Block><Name>Qw==</Name><Size>3</Size></Block></UncommittedBlocks></BlockList>";
    COF_CLEANUP(cof_buf_free) cof_buf committed = {.limit = 100};
    COF_CLEANUP(cof_buf_free) cof_buf uncommitted = {.limit = 100};
    assert_ok(cof_storage_xml_blocks(cof_view_text(xml), true, join_block, &committed, NULL));
    assert_ok(cof_storage_xml_blocks(cof_view_text(xml), false, join_block, &uncommitted, NULL));
    assert_view_text(cof_buf_view(&committed), "QQ===1 ");
    assert_view_text(cof_buf_view(&uncommitted), "Qg===2 Qw===3 ");
}

#define DELEGATION(more)                                                                           \
    "<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>2030-01-01"   \
    "T00:00:00Z</SignedStart><SignedExpiry>2030-01-02T00:00:00Z</SignedExpiry><SignedService>b"    \
    "</SignedService><SignedVersion>2021-12-02</SignedVersion>" more "</UserDelegationKey>"

static void a_delegation_key_is_whole_or_refused(void **state)
{
    (void)state;
    cof_delegation_key key = {0};
    assert_ok(
        cof_storage_xml_delegation(cof_view_text(DELEGATION("<Value>dg==</Value>")), &key, NULL));
    assert_string_equal(key.oid, "o");
    assert_string_equal(key.value, "dg==");
    assert_status(cof_storage_xml_delegation(cof_view_text(DELEGATION("")), &key, NULL),
                  BAD_FORMAT);
    assert_status(
        cof_storage_xml_delegation(
            cof_view_text(DELEGATION("<Value>dg==</Value><Value>dg==</Value>")), &key, NULL),
        BAD_FORMAT);
}

static void a_refusal_says_what_it_means(void **state)
{
    (void)state;
    static const struct {
        int http;
        const char *code;
        cof_status status;
        const char *said;
    } cases[] = {
        {404, "BlobNotFound", COF_E_NOT_FOUND, "no such blob"},
        {404, "ContainerNotFound", COF_E_NOT_FOUND, "no such container"},
        {409, "BlobAlreadyExists", COF_E_EXISTS, "409 BlobAlreadyExists"},
        {412, "ConditionNotMet", COF_E_BUSY, "replaced"},
        {412, "LeaseIdMissing", COF_E_BUSY, "lease"},
        {403, "AuthenticationFailed", COF_E_UNAUTHORIZED, "clock"},
        {403, "AuthorizationFailure", COF_E_FORBIDDEN, "firewall"},
        {403, "AuthorizationPermissionMismatch", COF_E_FORBIDDEN, "Storage Blob Data Contributor"},
        {404, "", COF_E_NOT_FOUND, "404"},
        {412, "", COF_E_BUSY, "412"},
        {500, "Whatever", COF_E_REMOTE_ERROR, "500 Whatever"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cof_err err = {0};
        assert_int_equal(cof_storage_refusal(cases[i].http, cases[i].code, "GET x", &err),
                         cases[i].status);
        assert_non_null(strstr(err.detail, cases[i].said));
    }
}

static void an_error_is_read_or_empty(void **state)
{
    (void)state;
    char code[COF_STORAGE_CODE_SIZE];
    cof_storage_xml_error(cof_view_text("<Error><Code>BlobNotFound</Code><Message>x\ny</Message>"
                                        "</Error>"),
                          code);
    assert_string_equal(code, "BlobNotFound");
    cof_storage_xml_error(cof_view_text("{\"error\":1}"), code);
    assert_string_equal(code, "");
    cof_storage_xml_error(cof_view_text("<Error><Code>A<b/>\n\x7f</Code></Error>"), code);
    assert_string_equal(code, "");
}

static void a_content_range_is_whole_or_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "bytes",
                               "bytes 0-9",
                               "bytes 0-9/*",
                               "bytes */10",
                               "bytes 9-0/10",
                               "bytes 0-10/10",
                               "bytes 0-9/10 ",
                               "bytes -9/10",
                               "bytes 00000000000000000000-1/2",
                               "items 0-9/10"};
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t size = 0;
    assert_ok(cof_content_range_parse("bytes 3-9/100", &first, &last, &size, NULL));
    assert_true(first == 3 && last == 9 && size == 100);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(cof_content_range_parse(bad[i], &first, &last, &size, NULL), BAD_FORMAT);
    }
    assert_status(cof_content_range_parse(NULL, &first, &last, &size, NULL), BAD_FORMAT);
}

static cof_status open_file(const char *folder, const char *text, unsigned mode,
                            cof_storage_auth *out)
{
    cof_path path;
    assert_ok(cof_path_format(&path, NULL, "%s/auth.json", folder));
    assert_ok(cof_write_file(path.text, cof_view_text(text), 0600, NULL));
    assert_int_equal(chmod(path.text, mode), 0);
    return cof_storage_auth_open(path.text, (cof_view){0}, out, NULL);
}

static void a_key_or_signature_is_read_from_a_private_file(void **state)
{
    (void)state;
    char folder[COF_TEMPDIR_SIZE];
    cof_storage_auth auth = {0};
    cof_tempdir_make(folder);
    assert_ok(open_file(folder, "{\"account_key\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}", 0600, &auth));
    assert_int_equal(auth.kind, COF_STORAGE_BY_KEY);
    assert_view_text(cof_buf_view(&auth.key), "0123456789abcdef");
    cof_storage_auth_free(&auth);
    assert_ok(open_file(folder, "{\"sas\":\"?sv=1&sig=a%3D\"}", 0600, &auth));
    assert_int_equal(auth.kind, COF_STORAGE_BY_SAS);
    assert_view_text(cof_buf_view(&auth.sas), "sv=1&sig=a%3D");
    cof_storage_auth_free(&auth);
    assert_status(open_file(folder, "{\"sas\":\"sv=1&sig=a\"}", 0644, &auth), PERMISSION);
    assert_status(open_file(folder, "{\"sas\":\"sv=1\"}", 0600, &auth), CONFIG);
    assert_status(open_file(folder, "{\"sas\":\"sig=a b\"}", 0600, &auth), CONFIG);
    assert_status(open_file(folder, "{\"sas\":\"sig=a\\r\\nX: y\"}", 0600, &auth), CONFIG);
    assert_status(open_file(folder, "{\"sas\":\"sig=a\",\"more\":1}", 0600, &auth), CONFIG);
    assert_status(open_file(folder, "{\"account_key\":\"MDEy\"}", 0600, &auth), CONFIG);
    assert_status(cof_storage_auth_open(NULL, (cof_view){0}, &auth, NULL), CONFIG);
    cof_tempdir_remove(folder);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed_as_the_official_library_does),
        cmocka_unit_test(signatures_for_others_are_as_the_official_library_makes_them),
        cmocka_unit_test(permissions_have_one_order),
        cmocka_unit_test(times_are_written_as_the_service_reads_them),
        cmocka_unit_test(a_container_is_found_in_either_form_of_url),
        cmocka_unit_test(what_is_no_container_is_refused),
        cmocka_unit_test(a_list_is_read_with_its_marker),
        cmocka_unit_test(a_list_that_is_none_is_refused),
        cmocka_unit_test(committed_and_uncommitted_blocks_are_told_apart),
        cmocka_unit_test(a_delegation_key_is_whole_or_refused),
        cmocka_unit_test(a_refusal_says_what_it_means),
        cmocka_unit_test(an_error_is_read_or_empty),
        cmocka_unit_test(a_content_range_is_whole_or_refused),
        cmocka_unit_test(a_key_or_signature_is_read_from_a_private_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
