/*
 * The installation's own certificate authority: a P-256 root made at the first start (ca/root.pem
 * is what clients pin), and the leaves under it, for localhost only.
 */
#ifndef COF_LOCAL_CA_H
#define COF_LOCAL_CA_H

#include "local/ca/cert.h"
#include "local/state/state.h"
#include "tcb/crypto/rsa.h"

typedef struct cof_ca cof_ca;

/** Opens the authority and the TLS leaf, making what is missing, about to expire, or not of one
 * piece. */
COF_MUST_USE cof_status cof_ca_open(const cof_state *state, cof_ca **out, cof_err *err);

/** The root certificate; borrowed. */
X509 *cof_ca_root(const cof_ca *ca);

/** A certificate for localhost and its addresses over this key, under the root. The caller owns it.
 */
COF_MUST_USE cof_status cof_ca_issue(const cof_ca *ca, EVP_PKEY *key, X509 **out, cof_err *err);

/** Names of files in the state folder: the root, the TLS leaf with its chain, its key. */
#define COF_CA_ROOT_FILE    "ca/root.pem"
#define COF_CA_TLS_FILE     "ca/tls.pem"
#define COF_CA_TLS_KEY_FILE "ca/tls.key"

void cof_ca_free(cof_ca *ca);
COF_OWNED(cof_ca, cof_ca_free);

/**
 * Reads the RSA key in this file (PKCS#8 DER, 0600), or makes one of 2048 bits and writes it. Such
 * keys sign; the caller owns it. @return COF_OK, COF_E_BAD_KEY, COF_E_CRYPTO, or as the state's
 * functions.
 */
COF_MUST_USE cof_status cof_ca_signing_key(const cof_state *state, const char *name,
                                           cof_rsa_key **out, cof_err *err);

#endif
