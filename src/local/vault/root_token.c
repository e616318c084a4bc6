/*
 * Implementation notes.
 *
 * The token's key never leaves it: it must be an AES-256 key with CKA_EXTRACTABLE false and
 * CKA_SENSITIVE true, which is looked at each time, so that a key that can be copied is refused
 * even if somebody put it there. The root key goes through the token's AES-GCM; an iv is 12 random
 * bytes, and the token's key wraps a few times in its life.
 */
#include <string.h>

#include "local/vault/root_wrap.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

enum { IV_SIZE = 12, TAG_SIZE = 16, SEALED_SIZE = COF_ROOT_KEY_SIZE + TAG_SIZE };

typedef struct wrapped {
    cof_buf iv;
    cof_buf sealed;
} wrapped;

static void free_wrapped(wrapped *w)
{
    cof_buf_free(&w->iv);
    cof_buf_free(&w->sealed);
}

static cof_status read_record(const json_t *record, wrapped *out, cof_err *err)
{
    static const char *const members[] = {"coffer", "kind", "iv", "sealed"};
    COF_TRY(cof_json_only(record, members, sizeof members / sizeof members[0], err));
    cof_buf_init(&out->iv, IV_SIZE);
    cof_buf_init(&out->sealed, SEALED_SIZE);
    COF_TRY(cof_json_get_base64url(record, "iv", &out->iv, err));
    COF_TRY(cof_json_get_base64url(record, "sealed", &out->sealed, err));
    if (out->iv.size != IV_SIZE || out->sealed.size != SEALED_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "vault/root.json: iv or sealed");
    }
    return COF_OK;
}

cof_status cof_root_token_check(const json_t *record, cof_err *err)
{
    COF_CLEANUP(free_wrapped) wrapped w = {0};
    return read_record(record, &w, err);
}

#ifdef COF_HAVE_PKCS11

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

enum { SLOTS_MAX = 64 };

/* A module, a session with one of its tokens, and the key there. */
typedef struct token {
    P11KitUri *uri;
    CK_FUNCTION_LIST *module;
    bool is_started;
    CK_SESSION_HANDLE session; /* 0: none */
    CK_OBJECT_HANDLE key;
} token;

/* Closing the session of this process logs it out too. */
static void free_token(token *t)
{
    if (t->session != 0) {
        (void)t->module->C_CloseSession(t->session);
    }
    if (t->is_started) {
        (void)p11_kit_module_finalize(t->module);
    }
    if (t->module != NULL) {
        p11_kit_module_release(t->module);
    }
    p11_kit_uri_free(t->uri);
}

/* What a token's answer means to whoever reads the message. */
static cof_status refusal(CK_RV code, const char *what, cof_err *err)
{
    switch (code) {
    case CKR_HOST_MEMORY:
        return COF_FAIL(err, NO_MEMORY, "PKCS#11: %s", what);
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return COF_FAIL(err, UNAUTHORIZED, "the token refuses this PIN");
    case CKR_PIN_LOCKED:
        return COF_FAIL(err, UNAUTHORIZED, "the token's PIN is locked after too many failures");
    default:
        return COF_FAIL(err, CRYPTO, "PKCS#11: %s: %s", what, p11_kit_strerror(code));
    }
}

static cof_status read_uri(const char *text, token *t, cof_err *err)
{
    t->uri = p11_kit_uri_new();
    if (t->uri == NULL) {
        return COF_FAIL(err, NO_MEMORY, "PKCS#11 URI");
    }
    if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, t->uri) != P11_KIT_URI_OK ||
        p11_kit_uri_any_unrecognized(t->uri) != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "this is no PKCS#11 URI (RFC 7512)");
    }
    if (p11_kit_uri_get_pin_value(t->uri) != NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "a PIN does not belong into a URI: see --pin-fd");
    }
    const char *module = p11_kit_uri_get_module_path(t->uri);
    if (module == NULL || module[0] != '/' ||
        p11_kit_uri_get_attribute(t->uri, CKA_LABEL) == NULL ||
        p11_kit_uri_get_token_info(t->uri)->label[0] == '\0') {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "the URI must have token=, object= and an absolute module-path=");
    }
    return COF_OK;
}

static cof_status load(token *t, cof_err *err)
{
    const char *path = p11_kit_uri_get_module_path(t->uri);
    t->module = p11_kit_module_load(path, 0);
    if (t->module == NULL) {
        return COF_FAIL(err, NOT_FOUND, "the PKCS#11 module %s cannot be loaded", path);
    }
    const CK_RV code = p11_kit_module_initialize(t->module);
    t->is_started = code == CKR_OK;
    return code == CKR_OK ? COF_OK : refusal(code, "the module does not start", err);
}

static cof_status find_slot(const token *t, CK_SLOT_ID *out, cof_err *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    unsigned found = 0;
    const CK_RV code = t->module->C_GetSlotList(CK_TRUE, slots, &count);
    if (code != CKR_OK) {
        return refusal(code, "slots", err);
    }
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (t->module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            p11_kit_uri_match_token_info(t->uri, &info) == 1) {
            *out = slots[i];
            found++;
        }
    }
    return found == 1   ? COF_OK
           : found == 0 ? COF_FAIL(err, NOT_FOUND, "there is no token as the URI describes")
                        : COF_FAIL(err, CONFIG, "%u tokens are as the URI describes", found);
}

static cof_status open_session(token *t, cof_view pin, bool is_making, cof_err *err)
{
    CK_SLOT_ID slot = 0;
    COF_TRY(find_slot(t, &slot, err));
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (is_making ? CKF_RW_SESSION : 0);
    CK_RV code = t->module->C_OpenSession(slot, flags, NULL, NULL, &t->session);
    if (code != CKR_OK) {
        t->session = 0;
        return refusal(code, "session", err);
    }
    code = t->module->C_Login(t->session, CKU_USER, (CK_UTF8CHAR_PTR)pin.data, pin.size);
    return code == CKR_OK ? COF_OK : refusal(code, "login", err);
}

static cof_status find_key(token *t, unsigned *out_count, cof_err *err)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_OBJECT_HANDLE found[2] = {0, 0};
    CK_ULONG count = 0;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             {CKA_KEY_TYPE, &type, sizeof type},
                             *p11_kit_uri_get_attribute(t->uri, CKA_LABEL)};
    CK_RV code = t->module->C_FindObjectsInit(t->session, wanted, sizeof wanted / sizeof wanted[0]);
    if (code == CKR_OK) {
        code = t->module->C_FindObjects(t->session, found, 2, &count);
        (void)t->module->C_FindObjectsFinal(t->session);
    }
    if (code != CKR_OK) {
        return refusal(code, "finding the key", err);
    }
    t->key = found[0];
    *out_count = (unsigned)count;
    return COF_OK;
}

static cof_status check_key(const token *t, cof_err *err)
{
    CK_BBOOL is_extractable = CK_TRUE;
    CK_BBOOL is_sensitive = CK_FALSE;
    CK_ULONG size = 0;
    CK_ATTRIBUTE facts[] = {{CKA_EXTRACTABLE, &is_extractable, sizeof is_extractable},
                            {CKA_SENSITIVE, &is_sensitive, sizeof is_sensitive},
                            {CKA_VALUE_LEN, &size, sizeof size}};
    const CK_RV code = t->module->C_GetAttributeValue(t->session, t->key, facts, 3);
    if (code != CKR_OK) {
        return refusal(code, "the key's attributes", err);
    }
    if (is_extractable != CK_FALSE || is_sensitive != CK_TRUE || size != 32) {
        return COF_FAIL(err, BAD_KEY,
                        "the token's key must be AES-256, sensitive and not extractable");
    }
    return COF_OK;
}

static cof_status make_key(token *t, cof_err *err)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG size = 32;
    CK_MECHANISM how = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE wanted[] = {
        {CKA_TOKEN, &yes, sizeof yes},       {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},   {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_ENCRYPT, &yes, sizeof yes},     {CKA_DECRYPT, &yes, sizeof yes},
        {CKA_VALUE_LEN, &size, sizeof size}, *p11_kit_uri_get_attribute(t->uri, CKA_LABEL)};
    const CK_RV code = t->module->C_GenerateKey(t->session, &how, wanted,
                                                sizeof wanted / sizeof wanted[0], &t->key);
    return code == CKR_OK ? COF_OK : refusal(code, "making the key", err);
}

static cof_status open_token(const cof_root_source *source, bool is_making, token *t, cof_err *err)
{
    unsigned count = 0;
    COF_TRY(read_uri(source->uri, t, err));
    COF_TRY(load(t, err));
    COF_TRY(open_session(t, source->secret, is_making, err));
    COF_TRY(find_key(t, &count, err));
    if (count == 0 && is_making) {
        COF_TRY(make_key(t, err));
    } else if (count != 1) {
        return count == 0 ? COF_FAIL(err, NOT_FOUND, "the token has no AES key of this name")
                          : COF_FAIL(err, CONFIG, "the token has more than one key of this name");
    }
    return check_key(t, err);
}

cof_status cof_root_token_wrap(const cof_root_source *source, const cof_root_key *root,
                               json_t *record, cof_err *err)
{
    COF_CLEANUP(free_token) token t = {0};
    COF_CLEANUP(cof_root_key_wipe) cof_root_key plain = *root; /* C_Encrypt's input is not const */
    uint8_t iv[IV_SIZE];
    uint8_t sealed[SEALED_SIZE];
    CK_ULONG size = sizeof sealed;
    CK_GCM_PARAMS params = {iv, IV_SIZE, 8UL * IV_SIZE, NULL, 0, 8UL * TAG_SIZE};
    CK_MECHANISM how = {CKM_AES_GCM, &params, sizeof params};
    COF_TRY(open_token(source, true, &t, err));
    COF_TRY(cof_random((cof_span){iv, sizeof iv}, err));
    CK_RV code = t.module->C_EncryptInit(t.session, &how, t.key);
    if (code == CKR_OK) {
        code = t.module->C_Encrypt(t.session, plain.bytes, sizeof plain.bytes, sealed, &size);
    }
    if (code != CKR_OK || size != sizeof sealed) {
        return refusal(code, "AES-GCM", err);
    }
    COF_TRY(cof_root_set_bytes(record, "iv", cof_view_of(iv, sizeof iv), err));
    return cof_root_set_bytes(record, "sealed", cof_view_of(sealed, sizeof sealed), err);
}

cof_status cof_root_token_unwrap(const cof_root_source *source, const json_t *record,
                                 cof_root_key *out, cof_err *err)
{
    COF_CLEANUP(free_wrapped) wrapped w = {0};
    COF_CLEANUP(free_token) token t = {0};
    /* Some tokens want room for the tag too. */
    uint8_t plain[SEALED_SIZE];
    CK_ULONG size = sizeof plain;
    COF_TRY(read_record(record, &w, err));
    COF_TRY(open_token(source, false, &t, err));
    CK_GCM_PARAMS params = {w.iv.data, IV_SIZE, 8UL * IV_SIZE, NULL, 0, 8UL * TAG_SIZE};
    CK_MECHANISM how = {CKM_AES_GCM, &params, sizeof params};
    CK_RV code = t.module->C_DecryptInit(t.session, &how, t.key);
    if (code != CKR_OK) {
        return refusal(code, "AES-GCM", err);
    }
    /* Tokens name a wrong tag in many ways. */
    code = t.module->C_Decrypt(t.session, w.sealed.data, w.sealed.size, plain, &size);
    const bool is_open = code == CKR_OK && size == COF_ROOT_KEY_SIZE;
    if (is_open) {
        memcpy(out->bytes, plain, COF_ROOT_KEY_SIZE);
    }
    cof_wipe(plain, sizeof plain);
    return is_open
               ? COF_OK
               : COF_FAIL(err, KEY_MISMATCH,
                          "the token's key does not open vault/root.json: it is another key, or "
                          "the file was changed");
}

#else

cof_status cof_root_token_wrap(const cof_root_source *source, const cof_root_key *root,
                               json_t *record, cof_err *err)
{
    (void)source;
    (void)root;
    (void)record;
    return COF_FAIL(err, UNSUPPORTED, "this coffer-local was built without PKCS#11 (p11-kit)");
}

cof_status cof_root_token_unwrap(const cof_root_source *source, const json_t *record,
                                 cof_root_key *out, cof_err *err)
{
    (void)source;
    (void)record;
    (void)out;
    return COF_FAIL(err, UNSUPPORTED, "this coffer-local was built without PKCS#11 (p11-kit)");
}

#endif
