/* Secrets in JSON: jansson does not wipe what it frees. */
#ifndef COF_AZURE_SECRET_MEMBER_H
#define COF_AZURE_SECRET_MEMBER_H

#include <jansson.h>

/** Wipes a text of an object, which may be NULL, where it stands; nothing when it is no text. */
void cof_secret_member_wipe(const json_t *object, const char *key);

#endif
