/* Random bytes for keys and identifiers, from the operating system through OpenSSL's DRBG. */
#ifndef COF_CRYPTO_RANDOM_H
#define COF_CRYPTO_RANDOM_H

#include "tcb/base/buf.h"

/** Fills out. @return COF_OK, COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_random(cof_span out, cof_err *err);

#endif
