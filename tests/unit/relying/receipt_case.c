#include "unit/relying/receipt_case.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/contract/consent.h"
#include "relying/token/token.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/runtime.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static const char issuer[] = "https://localhost:8443";

static json_t *hex(const void *bytes, size_t size)
{
    char text[129];
    cof_hex_text(cof_view_of(bytes, size), text);
    return json_string(text);
}

static json_t *base64url(cof_view bytes)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    assert_ok(cof_base64url_encode(bytes, &text, NULL));
    return json_stringn((const char *)text.data, text.size);
}

static void make_contract(receipt_case *made, const char *folder)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/wdbc.contract.json", folder);
    made->contract = json_load_file(path, 0, NULL);
    assert_non_null(made->contract);
    json_t *accept = json_pack("[{s:s,s:[o],s:o}]", "type", "simulated", "measurements",
                               hex(made->platform.mrenclave, 32), "root",
                               hex(made->platform.pin.spki.bytes, 32));
    (void)json_object_set_new(json_object_get(made->contract, "platform"), "accept", accept);
    (void)json_object_set_new(json_object_get(made->contract, "attestation"), "authority",
                              json_string(issuer));
    (void)json_object_set_new(json_object_get(made->contract, "attestation"), "others",
                              json_pack("[s]", RECEIPT_CASE_OTHER));
    json_t *owners = json_object_get(made->contract, "owners");
    assert_int_equal(json_array_size(owners), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *jwk = NULL;
        assert_ok(cof_ec_generate(&made->owners[i], NULL));
        assert_ok(cof_ec_to_jwk(made->owners[i], &jwk, NULL));
        (void)json_object_set_new(json_array_get(owners, i), "sign", jwk);
    }
}

static cof_digest contract_digest(const receipt_case *made)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_err err = {0};
    assert_ok(cof_json_canonical(made->contract, &text, NULL));
    if (cof_contract_parse(cof_buf_view(&text), &contract, &err) != COF_OK) {
        fail_msg("%s", err.detail);
    }
    return contract->digest;
}

static void make_runtime(receipt_case *made, const cof_digest *contract)
{
    cof_runtime_spec spec = {.transfer = made->transfer,
                             .sign = made->sign,
                             .contract = *contract,
                             .kernel = "avx2",
                             .version = "0.1.0"};
    memset(spec.run, 0xab, sizeof spec.run);
    cof_buf_init(&made->runtime, COF_LIMIT_RUNTIME_BYTES);
    assert_ok(cof_runtime_print(&spec, &made->runtime, NULL));
    assert_ok(
        cof_runtime_report_data(cof_buf_view(&made->runtime), made->platform.report_data, NULL));
    rig_platform *platform = &made->platform;
    rig_requote(platform, cof_buf_view(&platform->pem[0]), cof_buf_view(&platform->pem[1]),
                cof_buf_view(&platform->pem[2]));
}

static void make_log(receipt_case *made)
{
    static const char *const events[] = {"{\"event\":\"attested\",\"n\":0}",
                                         "{\"event\":\"released\",\"n\":1}"};
    cof_digest head = {0};
    cof_buf_init(&made->log, 4096);
    for (size_t i = 0; i < 2; i++) {
        uint8_t both[256];
        memcpy(both, head.bytes, 32);
        memcpy(both + 32, events[i], strlen(events[i]));
        assert_ok(cof_digest_of(cof_view_of(both, 32 + strlen(events[i])), &head, NULL));
        assert_ok(cof_buf_append_text(&made->log, events[i], NULL));
        assert_ok(cof_buf_append_text(&made->log, "\n", NULL));
    }
    json_t *predicate = json_object_get(made->statement, "predicate");
    (void)json_object_set_new(predicate, "log",
                              json_pack("{s:i,s:o}", "events", 2, "head", hex(head.bytes, 32)));
}

static json_t *make_inputs(const receipt_case *made)
{
    json_t *inputs = json_array();
    size_t i = 0;
    json_t *input = NULL;
    json_array_foreach(json_object_get(made->contract, "inputs"), i, input)
    {
        json_t *digest =
            json_object_get(json_array_get(json_object_get(input, "objects"), 0), "digest");
        (void)json_array_append_new(inputs, json_pack("{s:O,s:[O],s:i}", "name",
                                                      json_object_get(input, "name"), "digests",
                                                      digest, "rows", 569));
    }
    return inputs;
}

/* The digest of output i is SHA-256("output <i>"). */
static void make_outputs(const receipt_case *made, json_t **out_outputs, json_t **out_subjects)
{
    *out_outputs = json_array();
    *out_subjects = json_array();
    size_t i = 0;
    json_t *output = NULL;
    json_array_foreach(json_object_get(made->contract, "outputs"), i, output)
    {
        char text[32];
        cof_digest digest = {0};
        (void)snprintf(text, sizeof text, "output %zu", i);
        assert_ok(cof_digest_of(cof_view_text(text), &digest, NULL));
        json_t *name = json_object_get(output, "name");
        (void)json_array_append_new(
            *out_outputs, json_pack("{s:O,s:O,s:o,s:o}", "name", name, "format",
                                    json_object_get(output, "format"), "sha256",
                                    hex(digest.bytes, 32), "sealed", hex(digest.bytes, 32)));
        (void)json_array_append_new(
            *out_subjects,
            json_pack("{s:O,s:{s:o}}", "name", name, "digest", "sha256", hex(digest.bytes, 32)));
    }
}

static void make_statement(receipt_case *made, const cof_digest *contract)
{
    static const uint8_t run[16] = {0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
                                    0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab};
    json_t *outputs = NULL;
    json_t *subjects = NULL;
    make_outputs(made, &outputs, &subjects);
    json_t *predicate = json_pack("{s:O, s:o, s:o, s:{s:s,s:s}, s:o, s:o}", "contract",
                                  made->contract, "contract_digest", hex(contract->bytes, 32),
                                  "run", hex(run, 16), "worker", "version", "0.1.0", "kernel",
                                  "avx2", "inputs", make_inputs(made), "outputs", outputs);
    (void)json_object_set_new(predicate, "metrics",
                              json_pack("{s:i,s:i,s:{s:f},s:{s:f,s:f}}", "epochs", 40, "best_epoch",
                                        33, "validation", "loss", 0.25, "test", "auc", 0.99,
                                        "accuracy", 0.97));
    (void)json_object_set_new(predicate, "history",
                              json_pack("[{s:i,s:f,s:f},{s:i,s:f}]", "epoch", 1, "loss", 0.5,
                                        "validation_loss", 0.6, "epoch", 2, "auc", 0.9));
    (void)json_object_set_new(predicate, "timeline",
                              json_pack("[{s:s,s:i}]", "step", "attested", "host_time", RIG_NOW));
    (void)json_object_set_new(predicate, "evidence",
                              json_pack("{s:s,s:o,s:o}", "type", "simulated", "quote",
                                        base64url(cof_buf_view(&made->platform.quote)), "runtime",
                                        base64url(cof_buf_view(&made->runtime))));
    made->statement =
        json_pack("{s:s,s:o,s:s,s:o}", "_type", "https://in-toto.io/Statement/v1", "subject",
                  subjects, "predicateType", "urn:coffer:receipt:v1", "predicate", predicate);
    assert_non_null(made->statement);
}

void receipt_case_token(receipt_case *made, void (*change)(json_t *claims), const cof_rsa_key *key,
                        const json_t *header)
{
    COF_JSON json_t *claims = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    json_t *runtime = NULL;
    cof_digest signer = {0};
    assert_ok(cof_digest_of(cof_view_text("coffer simulated signer"), &signer, NULL));
    assert_ok(
        cof_json_parse(cof_buf_view(&made->runtime), COF_LIMIT_RUNTIME_BYTES, &runtime, NULL));
    assert_ok(cof_token_claims_new(issuer, NULL, RIG_NOW - 3600, 28800, &claims, NULL));
    (void)json_object_set_new(claims, "x-ms-attestation-type", json_string("sgx"));
    (void)json_object_set_new(claims, "x-ms-sgx-is-debuggable", json_false());
    (void)json_object_set_new(claims, "x-ms-sgx-mrenclave", hex(made->platform.mrenclave, 32));
    (void)json_object_set_new(claims, "x-ms-sgx-mrsigner", hex(signer.bytes, 32));
    (void)json_object_set_new(claims, "x-ms-sgx-product-id", json_integer(1));
    (void)json_object_set_new(claims, "x-ms-sgx-svn", json_integer(1));
    (void)json_object_set_new(claims, "x-ms-runtime", runtime);
    if (change != NULL) {
        change(claims);
    }
    assert_ok(cof_token_sign(key, "service-1", header, claims, &token, NULL));
    (void)json_object_set_new(
        json_object_get(made->statement, "predicate"), "attestation",
        json_pack("{s:o}", "token", json_stringn((const char *)token.data, token.size)));
}

json_t *receipt_case_x5c(const cof_rsa_key *key)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8192};
    unsigned char *der = NULL;
    const char *base64 = NULL;
    X509 *made = X509_new();
    assert_non_null(made);
    (void)X509_set_version(made, X509_VERSION_3);
    (void)X509_gmtime_adj(X509_getm_notBefore(made), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(made), 86400);
    (void)X509_set_pubkey(made, cof_rsa_evp(key));
    assert_true(X509_sign(made, cof_rsa_evp(key), EVP_sha256()) > 0);
    const int size = i2d_X509(made, &der);
    assert_ok(cof_base64_encode(cof_view_of(der, (size_t)size), &text, NULL));
    assert_ok(cof_buf_text(&text, &base64, NULL));
    OPENSSL_free(der);
    X509_free(made);
    return json_pack("[s]", base64);
}

void receipt_case_envelope(receipt_case *made, const cof_ec_key *key)
{
    COF_CLEANUP(cof_buf_free) cof_buf statement = {.limit = COF_RECEIPT_BYTES_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = COF_RECEIPT_BYTES_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 256};
    assert_ok(cof_json_canonical(made->statement, &statement, NULL));
    assert_ok(cof_receipt_pae(cof_buf_view(&statement), &encoded, NULL));
    assert_ok(
        cof_ec_sign_der(key == NULL ? made->sign : key, cof_buf_view(&encoded), &signature, NULL));
    cof_buf_free(&made->envelope);
    cof_buf_init(&made->envelope, COF_RECEIPT_BYTES_MAX);
    assert_ok(cof_buf_append_text(&made->envelope, "{\"payload\":\"", NULL));
    assert_ok(cof_base64_encode(cof_buf_view(&statement), &made->envelope, NULL));
    assert_ok(cof_buf_append_text(
        &made->envelope,
        "\",\"payloadType\":\"application/"
        "vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"coffer-sign\",\"sig\":\"",
        NULL));
    assert_ok(cof_base64_encode(cof_buf_view(&signature), &made->envelope, NULL));
    assert_ok(cof_buf_append_text(&made->envelope, "\"}]}", NULL));
}

static void make_service(receipt_case *made)
{
    json_t *jwk = NULL;
    assert_ok(cof_rsa_generate(2048, &made->service, NULL));
    assert_ok(cof_rsa_to_jwk(made->service, &jwk, NULL));
    (void)json_object_set_new(jwk, "kid", json_string("service-1"));
    COF_JSON json_t *set = json_pack("{s:[o]}", "keys", jwk);
    assert_ok(cof_jwks_from_json(set, &made->service_keys, NULL));
}

void receipt_case_make(receipt_case *made, const char *contract_folder)
{
    *made = (receipt_case){0};
    rig_make(&made->platform, &(rig_options){0});
    assert_ok(cof_rsa_generate(2048, &made->transfer, NULL));
    assert_ok(cof_ec_generate(&made->sign, NULL));
    make_service(made);
    make_contract(made, contract_folder);
    const cof_digest digest = contract_digest(made);
    make_runtime(made, &digest);
    make_statement(made, &digest);
    make_log(made);
    receipt_case_token(made, NULL, made->service, NULL);
    receipt_case_envelope(made, NULL);
}

void receipt_case_free(receipt_case *made)
{
    rig_free(&made->platform);
    cof_rsa_key_free(made->transfer);
    cof_ec_key_free(made->sign);
    cof_ec_key_free(made->owners[0]);
    cof_ec_key_free(made->owners[1]);
    cof_rsa_key_free(made->service);
    cof_jwks_free(made->service_keys);
    json_decref(made->contract);
    json_decref(made->statement);
    cof_buf_free(&made->runtime);
    cof_buf_free(&made->log);
    cof_buf_free(&made->envelope);
}
