/* Evidence of real platforms, as the agent hands it to their attestation services. */
#include "host/agent/hardware.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "relying/verify/amd/snp.h"
#include "relying/verify/azure/hcl.h"
#include "relying/verify/pem.h"
#include "rig/azure_rig.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "tcb/wire/writer.h"

enum { BIG = 256 * 1024 };

/* A metadata service that answers one request with a TD quote, and remembers the request. */
typedef struct host {
    int listener;
    char url[64];
    char request[16 * 1024];
    pthread_t thread;
} host;

static void *answer_once(void *context)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"quote\":\"BAAC\"}";
    host *self = context;
    const int fd = accept(self->listener, NULL, NULL);
    size_t size = 0;
    while (fd >= 0 && strchr(self->request, '}') == NULL && size + 1 < sizeof self->request) {
        const ssize_t got = read(fd, self->request + size, sizeof self->request - 1 - size);
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    (void)!write(fd, answer, sizeof answer - 1);
    (void)close(fd);
    return NULL;
}

static void host_start(host *self)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    *self = (host){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(self->listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(self->listener, 4), 0);
    assert_int_equal(getsockname(self->listener, (struct sockaddr *)&name, &size), 0);
    (void)snprintf(self->url, sizeof self->url, "http://127.0.0.1:%u", ntohs(name.sin_port));
    assert_int_equal(pthread_create(&self->thread, NULL, answer_once, self), 0);
}

static void host_stop(host *self)
{
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    (void)close(self->listener);
}

typedef struct place {
    char folder[COF_TEMPDIR_SIZE];
    cof_hardware *hardware;
} place;

static void open_place(place *out, const char *host_url)
{
    char journal[COF_TEMPDIR_SIZE + 16];
    cof_tempdir_make(out->folder);
    (void)snprintf(journal, sizeof journal, "%s/journal.jsonl", out->folder);
    assert_ok(cof_hardware_new(host_url, journal, &out->hardware, NULL));
}

static void close_place(place *self)
{
    cof_hardware_free(self->hardware);
    cof_tempdir_remove(self->folder);
}

static void append_certificate(cof_view *pem, cof_buf *table, cof_buf *bodies, const char *guid,
                               cof_view der)
{
    uint8_t bytes[16];
    COF_CLEANUP(cof_buf_free) cof_buf cut = {.limit = BIG};
    if (pem != NULL) {
        assert_ok(cof_pem_cut(pem, &cut, NULL));
        der = cof_buf_view(&cut);
    }
    assert_ok(cof_hex_decode(cof_view_text(guid), bytes, sizeof bytes, NULL));
    assert_ok(cof_buf_append(table, cof_view_of(bytes, sizeof bytes), NULL));
    assert_ok(cof_write_u32le(table, (uint32_t)(4 * 24 + bodies->size), NULL));
    assert_ok(cof_write_u32le(table, (uint32_t)der.size, NULL));
    assert_ok(cof_buf_append(bodies, der, NULL));
}

/* The report, then the table that a kernel hands out (GHCB specification, SNP_GUEST_REQ). */
static void add_table(const amd_rig *rig, cof_buf *out)
{
    static const uint8_t end[24];
    COF_CLEANUP(cof_buf_free) cof_buf table = {.limit = BIG};
    COF_CLEANUP(cof_buf_free) cof_buf bodies = {.limit = BIG};
    cof_view chain = cof_collateral_view(&rig->collateral, COF_COLLATERAL_AMD_CHAIN);
    append_certificate(NULL, &table, &bodies, "63da758de6644564adc5f4b93be8accd",
                       cof_collateral_view(&rig->collateral, COF_COLLATERAL_AMD_LEAF));
    append_certificate(&chain, &table, &bodies, "4ab7b379bbac4fe4a02f05aef327c782", (cof_view){0});
    append_certificate(&chain, &table, &bodies, "c0b406a4a803495297433fb6014cd0ae", (cof_view){0});
    assert_ok(cof_buf_append(&table, cof_view_of(end, sizeof end), NULL));
    assert_ok(cof_buf_append(out, cof_buf_view(&rig->report), NULL));
    assert_ok(cof_buf_append(out, cof_buf_view(&table), NULL));
    assert_ok(cof_buf_append(out, cof_buf_view(&bodies), NULL));
}

/* What a service reads out of the request that would be sent: report and certificates. */
static void read_sent(const cof_attester_request *request, cof_buf *out_report, cof_collateral *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = BIG};
    COF_CLEANUP(cof_buf_free) cof_buf inner = {.limit = BIG};
    COF_JSON json_t *json = NULL;
    assert_ok(cof_attester_print(request, &body, NULL));
    assert_ok(cof_json_parse(cof_buf_view(&body), BIG, &json, NULL));
    assert_ok(cof_json_get_base64url(json, "report", &inner, NULL));
    assert_ok(cof_snp_json_split(cof_buf_view(&inner), out_report, out, NULL));
}

/* The leaf, and the leaf's text with the chain's behind it. */
static void assert_same_certificates(const cof_collateral *sent, const cof_collateral *expected)
{
    const cof_view all = cof_collateral_view(sent, COF_COLLATERAL_AMD_CHAIN);
    const cof_view chain = cof_collateral_view(expected, COF_COLLATERAL_AMD_CHAIN);
    assert_true(cof_view_equal(cof_collateral_view(sent, COF_COLLATERAL_AMD_LEAF),
                               cof_collateral_view(expected, COF_COLLATERAL_AMD_LEAF)));
    assert_true(chain.size > 0 && all.size > chain.size);
    assert_memory_equal(all.data + all.size - chain.size, chain.data, chain.size);
}

static void an_snp_report_is_sent_with_the_certificates_of_its_table(void **state)
{
    (void)state;
    COF_CLEANUP(close_place) place here;
    COF_CLEANUP(amd_rig_free) amd_rig rig;
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {.limit = BIG};
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = BIG};
    COF_CLEANUP(cof_collateral_free) cof_collateral sent = {0};
    COF_CLEANUP(cof_submission_parts_free) cof_submission_parts parts = {0};
    const amd_rig_options options = {0};
    open_place(&here, "http://127.0.0.1:1");
    assert_ok(amd_rig_make(&rig, &options, NULL));
    add_table(&rig, &evidence);
    const cof_agent_evidence what = {
        .type = "sev-snp", .runtime = cof_view_text("{}"), .evidence = cof_buf_view(&evidence)};
    assert_ok(cof_hardware_submit(here.hardware, &what, &parts, NULL));
    assert_int_equal(parts.request.form, COF_ATTESTER_SEV_SNP);
    assert_view_text(parts.request.runtime, "{}");
    read_sent(&parts.request, &report, &sent);
    assert_true(cof_view_equal(cof_buf_view(&report), cof_buf_view(&rig.report)));
    assert_same_certificates(&sent, &rig.collateral);
}

static void an_azure_snp_guest_is_attested_by_its_paravisors_report(void **state)
{
    (void)state;
    COF_CLEANUP(close_place) place here;
    COF_CLEANUP(azure_rig_free) azure_rig rig;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BIG};
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = BIG};
    COF_CLEANUP(cof_collateral_free) cof_collateral sent = {0};
    COF_CLEANUP(cof_submission_parts_free) cof_submission_parts parts = {0};
    cof_hcl_report hcl;
    const azure_rig_options options = {.has_certificates = true};
    open_place(&here, "http://127.0.0.1:1");
    assert_ok(azure_rig_make(&rig, AZURE_RIG_SNP, NULL));
    assert_ok(azure_rig_evidence(&rig, &options, &evidence, NULL));
    assert_ok(cof_azure_evidence_print(&evidence, &text, NULL));
    assert_ok(cof_hcl_report_parse(cof_buf_view(&evidence.hcl_report), &hcl, NULL));
    const cof_agent_evidence what = {
        .type = "azure-cvm", .runtime = cof_view_text("{}"), .evidence = cof_buf_view(&text)};
    assert_ok(cof_hardware_submit(here.hardware, &what, &parts, NULL));
    assert_int_equal(parts.request.form, COF_ATTESTER_SEV_SNP);
    assert_true(cof_view_equal(parts.request.runtime, hcl.claims));
    read_sent(&parts.request, &report, &sent);
    assert_true(cof_view_equal(cof_buf_view(&report), hcl.hardware));
    assert_same_certificates(&sent, rig.collateral);
}

static void azures_host_makes_the_quote_of_a_td_report(void **state)
{
    (void)state;
    host metadata;
    COF_CLEANUP(close_place) place here;
    COF_CLEANUP(azure_rig_free) azure_rig rig;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BIG};
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = BIG};
    COF_CLEANUP(cof_submission_parts_free) cof_submission_parts parts = {0};
    cof_hcl_report hcl;
    const azure_rig_options options = {0};
    const char *expected = NULL;
    host_start(&metadata);
    open_place(&here, metadata.url);
    assert_ok(azure_rig_make(&rig, AZURE_RIG_TDX, NULL));
    assert_ok(azure_rig_evidence(&rig, &options, &evidence, NULL));
    cof_buf_clear(&evidence.td_quote); /* a worker has none */
    assert_ok(cof_azure_evidence_print(&evidence, &text, NULL));
    assert_ok(cof_hcl_report_parse(cof_buf_view(&evidence.hcl_report), &hcl, NULL));
    const cof_agent_evidence what = {
        .type = "azure-cvm", .runtime = cof_view_text("{}"), .evidence = cof_buf_view(&text)};
    assert_ok(cof_hardware_submit(here.hardware, &what, &parts, NULL));
    host_stop(&metadata);
    assert_int_equal(parts.request.form, COF_ATTESTER_TDX);
    assert_true(cof_view_equal(parts.request.evidence, cof_view_of("\4\0\2", 3)));
    assert_true(cof_view_equal(parts.request.runtime, hcl.claims));
    assert_non_null(strstr(metadata.request, "POST /acc/tdquote HTTP/1.1\r\n"));
    assert_non_null(strstr(metadata.request, "Metadata: true\r\n"));
    assert_ok(cof_buf_append_text(&encoded, "{\"report\":\"", NULL));
    assert_ok(cof_base64url_encode(hcl.hardware, &encoded, NULL));
    assert_ok(cof_buf_append_text(&encoded, "\"}", NULL));
    assert_ok(cof_buf_text(&encoded, &expected, NULL));
    assert_non_null(strstr(metadata.request, expected));
}

static void each_type_goes_to_its_place_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        cof_attester_form form;
    } rows[] = {
        {"simulated", COF_ATTESTER_SGX}, {"sgx", COF_ATTESTER_SGX}, {"tdx", COF_ATTESTER_TDX}};
    cof_agent_evidence what = {.runtime = cof_view_text("{}"), .evidence = cof_view_text("quote")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cof_submission_parts parts = {0};
        (void)snprintf(what.type, sizeof what.type, "%s", rows[i].type);
        assert_ok(cof_hardware_submit(NULL, &what, &parts, NULL));
        assert_int_equal(parts.request.form, rows[i].form);
        assert_view_text(parts.request.evidence, "quote");
    }
    static const char *const refused[] = {"sev-snp", "azure-cvm", "other"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        cof_submission_parts parts = {0};
        (void)snprintf(what.type, sizeof what.type, "%s", refused[i]);
        assert_status(cof_hardware_submit(NULL, &what, &parts, NULL), UNSUPPORTED);
    }
}

static void requests_have_the_members_of_the_services_interface(void **state)
{
    (void)state;
    static const struct {
        cof_attester_request request;
        const char *body;
    } rows[] = {
        {{.form = COF_ATTESTER_SGX}, "{\"quote\":\"cQ\"}"},
        {{.form = COF_ATTESTER_OPEN_ENCLAVE,
          .is_binary = true,
          .runtime = {(const uint8_t *)"r", 1}},
         "{\"report\":\"cQ\",\"runtimeData\":{\"data\":\"cg\",\"dataType\":\"Binary\"}}"},
        {{.form = COF_ATTESTER_TDX, .runtime = {(const uint8_t *)"{}", 2}},
         "{\"quote\":\"cQ\",\"runtimeData\":{\"data\":\"e30\",\"dataType\":\"JSON\"}}"},
        {{.form = COF_ATTESTER_AZURE_GUEST}, "{\"AttestationInfo\":\"cQ\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = BIG};
        cof_attester_request request = rows[i].request;
        request.evidence = cof_view_text("q");
        assert_ok(cof_attester_print(&request, &body, NULL));
        assert_view_text(cof_buf_view(&body), rows[i].body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_snp_report_is_sent_with_the_certificates_of_its_table),
        cmocka_unit_test(an_azure_snp_guest_is_attested_by_its_paravisors_report),
        cmocka_unit_test(azures_host_makes_the_quote_of_a_td_report),
        cmocka_unit_test(each_type_goes_to_its_place_and_no_other),
        cmocka_unit_test(requests_have_the_members_of_the_services_interface),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
