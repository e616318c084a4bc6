#include "unit/relying/rig.h"

#include "harness/cof_test.h"

static const char *const right_names[] = {"SIMULATED PCK Certificate", "SIMULATED Processor CA",
                                          "SIMULATED Root CA"};
static const cof_pki_role right_roles[] = {COF_PKI_LEAF, COF_PKI_CA, COF_PKI_ROOT};

static void certify(rig_platform *rig, int i)
{
    const rig_options *options = &rig->options;
    const int issuer = i == 2 ? 2 : i + 1;
    const cof_pki_request request = {
        .role = options->is_role_set ? options->roles[i] : right_roles[i],
        .common_name = options->names[i] == NULL ? right_names[i] : options->names[i],
        .key = rig->keys[i],
        .issuer = i == 2 ? NULL : rig->certificates[issuer],
        .issuer_key = rig->keys[issuer],
        .not_before_unix_s = options->not_before[i] == 0 ? RIG_NOW - 86400 : options->not_before[i],
        .not_after_unix_s = options->not_after[i] == 0 ? RIG_NOW + 86400 : options->not_after[i]};
    assert_ok(cof_pki_certify(&request, &rig->certificates[i], NULL));
    cof_buf_init(&rig->pem[i], 8192);
    assert_ok(cof_pki_print(rig->certificates[i], &rig->pem[i], NULL));
}

void rig_make(rig_platform *rig, const rig_options *options)
{
    *rig = (rig_platform){.options = *options};
    for (int i = 2; i >= 0; i--) {
        assert_ok(cof_ec_generate(&rig->keys[i], NULL));
        certify(rig, i);
    }
    assert_ok(cof_ec_generate(&rig->attestation, NULL));
    for (uint8_t i = 0; i < 32; i++) {
        rig->mrenclave[i] = (uint8_t)(0xa0 + i);
        rig->report_data[i] = (uint8_t)(0x10 + i);
    }
    unsigned char *der = NULL;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(rig->certificates[2]), &der);
    assert_true(size > 0);
    rig->pin.family = COF_ROOT_SIMULATED;
    assert_ok(cof_digest_of(cof_view_of(der, (size_t)size), &rig->pin.spki, NULL));
    OPENSSL_free(der);
    cof_buf_init(&rig->chain, 32 * 1024);
    cof_buf_init(&rig->quote, 32 * 1024);
    rig_requote(rig, cof_buf_view(&rig->pem[0]), cof_buf_view(&rig->pem[1]),
                cof_buf_view(&rig->pem[2]));
}

void rig_requote(rig_platform *rig, cof_view leaf, cof_view ca, cof_view root)
{
    cof_buf_clear(&rig->chain);
    cof_buf_clear(&rig->quote);
    assert_ok(cof_buf_append(&rig->chain, leaf, NULL));
    assert_ok(cof_buf_append(&rig->chain, ca, NULL));
    assert_ok(cof_buf_append(&rig->chain, root, NULL));
    const uint64_t good = COF_SGX_FLAG_INIT | COF_SGX_FLAG_MODE64;
    const cof_quote_spec spec = {.attestation = rig->attestation,
                                 .pck = rig->keys[0],
                                 .chain = cof_buf_view(&rig->chain),
                                 .mrenclave = rig->mrenclave,
                                 .report_data = rig->report_data,
                                 .flags = rig->options.flags == 0 ? good : rig->options.flags,
                                 .qe_flags =
                                     rig->options.qe_flags == 0 ? good : rig->options.qe_flags};
    assert_ok(cof_quote_write(&spec, &rig->quote, NULL));
}

void rig_free(rig_platform *rig)
{
    for (int i = 0; i < 3; i++) {
        cof_ec_key_free(rig->keys[i]);
        X509_free(rig->certificates[i]);
        cof_buf_free(&rig->pem[i]);
    }
    cof_ec_key_free(rig->attestation);
    cof_buf_free(&rig->chain);
    cof_buf_free(&rig->quote);
}
