/* Asking a person to compare a digest before something is done with it. */
#ifndef COF_APP_CONFIRM_H
#define COF_APP_CONFIRM_H

#include "apps/coffer/command.h"

/* 80 bits: whoever can change what is confirmed can try until fewer digits are the same again. */
enum { COF_CONFIRM_DIGITS = 20 };

/**
 * Is this the digest that the person means? With option given, it must say the whole digest, in
 * hex; with --yes it is not asked; else the person types its first COF_CONFIRM_DIGITS digits on the
 * terminal, which they have from somewhere else.
 *
 * @param digest  hex, lower case
 * @param option  "digest": the option's name, without dashes
 * @param what    "the contract's digest"
 * @return COF_OK, COF_E_DIGEST_MISMATCH, COF_E_CANCELLED (nothing was typed), COF_E_USAGE (there is
 * nobody to ask).
 */
COF_MUST_USE cof_status cof_confirm_digest(const cof_app *app, const cof_args *args,
                                           const char *option, const char *what, const char *digest,
                                           cof_err *err);

#endif
