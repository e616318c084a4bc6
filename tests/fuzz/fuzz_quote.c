/*
 * Quotes, the chains in them and the extensions in those. What the reader takes apart can be put
 * together again, so that no byte of a quote is without meaning; and nothing that a fuzzer makes is
 * genuine.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/cof_verify.h"
#include "relying/verify/pem.h"
#include "tcb/wire/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void put(cof_buf *out, const void *bytes, size_t size)
{
    require(cof_buf_append(out, cof_view_of(bytes, size), NULL) == COF_OK);
}

static void put_view(cof_buf *out, cof_view bytes)
{
    require(cof_buf_append(out, bytes, NULL) == COF_OK);
}

/* The chain may have lost a NUL: its size says so. */
static void put_qe_part(const cof_quote *quote, size_t nul, cof_buf *out)
{
    put_view(out, quote->qe_report_bytes);
    put(out, quote->qe_signature, sizeof quote->qe_signature);
    require(cof_write_u16le(out, (uint16_t)quote->qe_auth.size, NULL) == COF_OK);
    put_view(out, quote->qe_auth);
    require(cof_write_u16le(out, 5, NULL) == COF_OK);
    require(cof_write_u32le(out, (uint32_t)(quote->chain.size + nul), NULL) == COF_OK);
    put_view(out, quote->chain);
    put(out, "", nul);
}

static bool is_put_together(const cof_quote *quote, size_t nul)
{
    COF_CLEANUP(cof_buf_free) cof_buf qe_part = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf whole = {.limit = 1 << 20};
    put_qe_part(quote, nul, &qe_part);
    const size_t wrap = quote->version == 3 ? 0 : 6;
    put_view(&whole, quote->signed_bytes);
    require(cof_write_u32le(&whole, (uint32_t)(128 + wrap + qe_part.size), NULL) == COF_OK);
    put(&whole, quote->signature, sizeof quote->signature);
    put(&whole, quote->attestation_key, sizeof quote->attestation_key);
    if (wrap > 0) {
        require(cof_write_u16le(&whole, 6, NULL) == COF_OK);
        require(cof_write_u32le(&whole, (uint32_t)qe_part.size, NULL) == COF_OK);
    }
    put_view(&whole, cof_buf_view(&qe_part));
    return cof_view_equal(cof_buf_view(&whole), quote->quote_bytes);
}

static void check_parts(cof_view bytes, const cof_quote *quote)
{
    const bool is_sgx = quote->kind == COF_QUOTE_SGX;
    const uint8_t *report_data = is_sgx ? quote->body.report_data : quote->td.report_data;
    const size_t td_size = quote->td.is_1_5 ? 648 : 584;
    const size_t front = quote->version == 5 ? 54 : 48;
    require(quote->version >= 3 && quote->version <= 5);
    require(quote->signed_bytes.size == front + (is_sgx ? 384 : td_size));
    require(memcmp(quote->signed_bytes.data + front + (is_sgx ? 320 : 520), report_data,
                   COF_REPORT_DATA_SIZE) == 0);
    require(memcmp(quote->qe_report_bytes.data + 320, quote->qe_report.report_data,
                   COF_REPORT_DATA_SIZE) == 0);
    require(is_put_together(quote, 1) || is_put_together(quote, 0));
    require(bytes.size - quote->quote_bytes.size <= COF_QUOTE_PADDING_MAX);
    for (size_t i = quote->quote_bytes.size; i < bytes.size; i++) {
        require(bytes.data[i] == 0);
    }
}

static void read_quote(cof_view bytes)
{
    cof_quote quote = {0};
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    if (cof_quote_parse(bytes, &quote, NULL) == COF_OK) {
        check_parts(bytes, &quote);
        const bool is_whole = cof_pem_chain_parse(quote.chain, &chain, NULL) == COF_OK;
        require(is_whole == (chain.certificates[2] != NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_checks checks;
    const cof_view bytes = cof_view_of(data, size);
    cof_facts facts = {0};
    cof_pck pck = {0};
    cof_view inner = {0};
    checks = (cof_checks){0};
    read_quote(bytes);
    if (cof_open_enclave_unwrap(bytes, &inner, NULL) == COF_OK) {
        require(inner.size == size - 16 && (inner.size == 0 || inner.data == data + 16));
        read_quote(inner);
    }
    require(cof_pck_parse(bytes, &pck, NULL) != COF_OK || pck.sgx_type <= 2);
    const cof_status status =
        verify_quote(bytes, &cof_root_intel, 1, 1798761600, &facts, &checks, NULL);
    require(status != COF_OK && !cof_checks_all_ok(&checks));
    return 0;
}
