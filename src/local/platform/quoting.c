/*
 * Implementation notes
 *
 * The private keys of root and CA sign one certificate each when the installation is made, and are
 * then wiped: nobody can ever issue a second PCK under this root. Kept are the PCK key (it signs
 * the QE report) and the attestation key, with the chain, in one file:
 *
 *   "COFQUOT1" | u32 size, attestation key (PKCS#8) | u32 size, PCK key (PKCS#8) | u32 size, chain
 * (PEM)
 */
#include "local/platform/quoting.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/files.h"
#include "local/platform/pki.h"
#include "local/platform/quote_writer.h"
#include "tcb/crypto/ec.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/writer.h"

enum { FILE_MAX = 32 * 1024, CHAIN_MAX = 16 * 1024 };

static const char file_name[] = "quoting.keys";
static const char magic[8] = {'C', 'O', 'F', 'Q', 'U', 'O', 'T', '1'};

/* 30 years: an installation's root outlives the installation, and nothing has to be renewed. */
static const int64_t lifetime_s = INT64_C(30) * 365 * 24 * 3600;
/* Clocks of machines that talk to each other differ a little. */
static const int64_t back_dated_s = 3600;

struct cof_quoting {
    cof_ec_key *attestation;
    cof_ec_key *pck;
    cof_buf chain;    /* PEM: leaf, CA, root */
    cof_buf root_pem; /* with a NUL */
    cof_digest root;
};

static void x509_drop(X509 **certificate)
{
    X509_free(*certificate);
}

/* The root is the last certificate of the chain. */
static cof_status read_root(cof_quoting *quoting, cof_err *err)
{
    BIO *text = BIO_new_mem_buf(quoting->chain.data, (int)quoting->chain.size);
    COF_CLEANUP(x509_drop) X509 *root = NULL;
    for (int i = 0; text != NULL && i < 3; i++) {
        X509_free(root);
        root = PEM_read_bio_X509(text, NULL, NULL, NULL);
    }
    BIO_free(text);
    ERR_clear_error();
    if (root == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "the certificate chain");
    }
    unsigned char *der = NULL;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(root), &der);
    if (size <= 0) {
        return COF_FAIL(err, BAD_KEY, "the root's key");
    }
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), &quoting->root, err);
    OPENSSL_free(der);
    COF_TRY(status);
    COF_TRY(cof_pki_print(root, &quoting->root_pem, err));
    return cof_buf_append(&quoting->root_pem, cof_view_of("", 1), err);
}

/* Certifies and appends the PEM. */
static cof_status certify(const cof_pki_request *request, X509 **out, cof_buf *out_pem,
                          cof_err *err)
{
    COF_TRY(cof_pki_certify(request, out, err));
    return cof_pki_print(*out, out_pem, err);
}

static cof_status make_chain(const cof_ec_key *pck, int64_t now_unix_s, cof_buf *out_chain,
                             cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *root_key = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *ca_key = NULL;
    COF_CLEANUP(x509_drop) X509 *root = NULL;
    COF_CLEANUP(x509_drop) X509 *ca = NULL;
    COF_CLEANUP(x509_drop) X509 *leaf = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf root_pem = {0};
    COF_CLEANUP(cof_buf_free) cof_buf ca_pem = {0};
    cof_buf_init(&root_pem, CHAIN_MAX);
    cof_buf_init(&ca_pem, CHAIN_MAX);
    COF_TRY(cof_ec_generate(&root_key, err));
    COF_TRY(cof_ec_generate(&ca_key, err));
    const int64_t start = now_unix_s - back_dated_s;
    const int64_t end = start + lifetime_s;
    COF_TRY(certify(
        &(cof_pki_request){COF_PKI_ROOT, "SIMULATED Root CA", root_key, NULL, root_key, start, end},
        &root, &root_pem, err));
    COF_TRY(certify(&(cof_pki_request){COF_PKI_CA, "SIMULATED Processor CA", ca_key, root, root_key,
                                       start, end},
                    &ca, &ca_pem, err));
    COF_TRY(certify(
        &(cof_pki_request){COF_PKI_LEAF, "SIMULATED PCK Certificate", pck, ca, ca_key, start, end},
        &leaf, out_chain, err));
    COF_TRY(cof_buf_append(out_chain, cof_buf_view(&ca_pem), err));
    return cof_buf_append(out_chain, cof_buf_view(&root_pem), err);
}

static cof_status write_part(cof_buf *file, cof_view part, cof_err *err)
{
    COF_TRY(cof_write_u32le(file, (uint32_t)part.size, err));
    return cof_buf_append(file, part, err);
}

static cof_status write_key(cof_buf *file, const cof_ec_key *key, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, 1024);
    COF_TRY(cof_ec_to_pkcs8(key, &der, err));
    return write_part(file, cof_buf_view(&der), err);
}

static cof_status make_file(int64_t now_unix_s, cof_buf *file, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *attestation = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *pck = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf chain = {0};
    cof_buf_init(&chain, CHAIN_MAX);
    COF_TRY(cof_ec_generate(&attestation, err));
    COF_TRY(cof_ec_generate(&pck, err));
    COF_TRY(make_chain(pck, now_unix_s, &chain, err));
    COF_TRY(cof_buf_append(file, cof_view_of(magic, sizeof magic), err));
    COF_TRY(write_key(file, attestation, err));
    COF_TRY(write_key(file, pck, err));
    return write_part(file, cof_buf_view(&chain), err);
}

static cof_status read_part(cof_reader *reader, cof_view *out, cof_err *err)
{
    uint32_t size = 0;
    COF_TRY(cof_read_u32le(reader, &size, err));
    return cof_read_view(reader, size, out, err);
}

static cof_status read_file(cof_view file, cof_quoting *quoting, cof_err *err)
{
    cof_reader reader = cof_reader_of(file);
    cof_view part = {0};
    COF_TRY(cof_read_view(&reader, sizeof magic, &part, err));
    if (memcmp(part.data, magic, sizeof magic) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "not a file of quoting keys");
    }
    COF_TRY(read_part(&reader, &part, err));
    COF_TRY(cof_ec_from_pkcs8(part, &quoting->attestation, err));
    COF_TRY(read_part(&reader, &part, err));
    COF_TRY(cof_ec_from_pkcs8(part, &quoting->pck, err));
    COF_TRY(read_part(&reader, &part, err));
    COF_TRY(cof_buf_append(&quoting->chain, part, err));
    COF_TRY(cof_reader_finish(&reader, err));
    return read_root(quoting, err);
}

/* Keys that others may read or replace are not this installation's alone. */
static cof_status check_private(const char *path, cof_err *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return COF_FAIL_ERRNO(err, errno, file_name);
    }
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
        return COF_FAIL(err, PERMISSION, "not a plain file that only its owner may read and write");
    }
    return COF_OK;
}

static cof_status read_or_make_file(const char *folder, int64_t now_unix_s, cof_buf *file,
                                    cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, file_name));
    const cof_status status = check_private(path.text, err);
    if (status == COF_OK) {
        return cof_read_file(path.text, file, err);
    }
    if (status != COF_E_NOT_FOUND) {
        return status;
    }
    COF_TRY(make_file(now_unix_s, file, err));
    return cof_write_file(path.text, cof_buf_view(file), 0600, err);
}

cof_status cof_quoting_open(const char *folder, int64_t now_unix_s, cof_quoting **out_quoting,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf file = {0};
    COF_CLEANUP(cof_quoting_drop_) cof_quoting *quoting = calloc(1, sizeof *quoting);
    if (quoting == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quoting");
    }
    cof_buf_init(&file, FILE_MAX);
    cof_buf_init(&quoting->chain, CHAIN_MAX);
    cof_buf_init(&quoting->root_pem, CHAIN_MAX);
    cof_status status = read_or_make_file(folder, now_unix_s, &file, err);
    if (status == COF_OK) {
        status = read_file(cof_buf_view(&file), quoting, err);
    }
    if (status != COF_OK) {
        cof_err_context(err, "%s", file_name);
        return status;
    }
    *out_quoting = cof_quoting_take(&quoting);
    return COF_OK;
}

cof_status cof_quoting_quote(cof_quoting *quoting, const uint8_t mrenclave[static 32], bool debug,
                             const uint8_t report_data[static 64], cof_buf *out, cof_err *err)
{
    const uint64_t init = 1;
    const uint64_t debuggable = 2;
    const uint64_t mode64 = 4;
    const cof_quote_spec spec = {.attestation = quoting->attestation,
                                 .pck = quoting->pck,
                                 .chain = cof_buf_view(&quoting->chain),
                                 .mrenclave = mrenclave,
                                 .report_data = report_data,
                                 .flags = init | mode64 | (debug ? debuggable : 0),
                                 .qe_flags = init | mode64};
    return cof_quote_write(&spec, out, err);
}

const cof_digest *cof_quoting_root(const cof_quoting *quoting)
{
    return &quoting->root;
}

const char *cof_quoting_root_pem(const cof_quoting *quoting)
{
    return (const char *)quoting->root_pem.data;
}

void cof_quoting_free(cof_quoting *quoting)
{
    if (quoting == NULL) {
        return;
    }
    cof_ec_key_free(quoting->attestation);
    cof_ec_key_free(quoting->pck);
    cof_buf_free(&quoting->chain);
    cof_buf_free(&quoting->root_pem);
    free(quoting);
}
