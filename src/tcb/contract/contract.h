/*
 * The strict reader of resolved contracts (docs/formats/contract.md).
 *
 * A contract is outside input until it is read here: it must be canonical (RFC 8785), hold every
 * member and no other, and stay inside the limits. What a cof_contract says is then consistent: an
 * owner index is in range, objects fit the format, the task fits the target. The enclave, the
 * command line and the verifier all use this one reader.
 */
#ifndef COF_CONTRACT_CONTRACT_H
#define COF_CONTRACT_CONTRACT_H

#include <jansson.h>

#include "tcb/base/buf.h"
#include "tcb/base/limits.h"
#include "tcb/base/own.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/data/schema.h"

enum {
    COF_CONTRACT_PLATFORMS = 5, /* one entry per type */
    COF_CONTRACT_OTHER_AUTHORITIES = 3,
    COF_CONTRACT_OBJECTS = 2, /* of one input */
    COF_CONTRACT_RUNS = 1000,
    COF_CONTRACT_WALL_TIME_S = 366 * 24 * 3600
};

#define COF_CONTRACT_SEED        (((int64_t)1 << 53) - 1) /* the largest integer of JSON */
#define COF_CONTRACT_EXPIRES     ((int64_t)253402300799)  /* the end of the year 9999 */
#define COF_CONTRACT_MEMORY_LOW  ((int64_t)1024)          /* bytes */
#define COF_CONTRACT_MEMORY_HIGH ((int64_t)1 << 40)       /* bytes: 1 TiB */
#define COF_CONTRACT_FRACTION    0.9                      /* of the rows held out, at most */
#define COF_CONTRACT_RATE        100.0 /* learning rate and weight decay, at most */

/* Every choice is an enum made from a table of names: cof_contract_..._name() gives the text. */
typedef enum cof_contract_platform_type {
    COF_CONTRACT_SIMULATED,
    COF_CONTRACT_SGX,
    COF_CONTRACT_TDX,
    COF_CONTRACT_SEV_SNP,
    COF_CONTRACT_AZURE_CVM
} cof_contract_platform_type;

typedef enum cof_contract_format { COF_CONTRACT_CSV, COF_CONTRACT_IDX } cof_contract_format;

typedef enum cof_contract_use { COF_CONTRACT_TRAIN, COF_CONTRACT_TEST } cof_contract_use;

typedef enum cof_contract_task {
    COF_CONTRACT_REGRESSION,
    COF_CONTRACT_BINARY,
    COF_CONTRACT_CLASSES
} cof_contract_task;

typedef enum cof_contract_model_kind {
    COF_CONTRACT_LINEAR,
    COF_CONTRACT_MLP
} cof_contract_model_kind;

typedef enum cof_contract_activation {
    COF_CONTRACT_RELU,
    COF_CONTRACT_TANH
} cof_contract_activation;

typedef enum cof_contract_optimizer_kind {
    COF_CONTRACT_SGD,
    COF_CONTRACT_ADAMW
} cof_contract_optimizer_kind;

typedef enum cof_contract_weights {
    COF_CONTRACT_WEIGHTS_NONE,
    COF_CONTRACT_WEIGHTS_BALANCED
} cof_contract_weights;

typedef enum cof_contract_stop_metric {
    COF_CONTRACT_STOP_NONE, /* "stop": null */
    COF_CONTRACT_STOP_LOSS,
    COF_CONTRACT_STOP_ACCURACY,
    COF_CONTRACT_STOP_AUC
} cof_contract_stop_metric;

typedef enum cof_contract_kernel {
    COF_CONTRACT_KERNEL_ANY,
    COF_CONTRACT_KERNEL_SCALAR,
    COF_CONTRACT_KERNEL_AVX2,
    COF_CONTRACT_KERNEL_AVX512
} cof_contract_kernel;

typedef enum cof_contract_output_format {
    COF_CONTRACT_SAFETENSORS, /* the model */
    COF_CONTRACT_JSON         /* the report */
} cof_contract_output_format;

/* What may leave the enclave unsealed; a set, bit by bit. */
typedef enum cof_contract_disclosure {
    COF_CONTRACT_DISCLOSE_PROGRESS = 1 << 0,
    COF_CONTRACT_DISCLOSE_LOSS = 1 << 1,
    COF_CONTRACT_DISCLOSE_ACCURACY = 1 << 2,
    COF_CONTRACT_DISCLOSE_AUC = 1 << 3,
    COF_CONTRACT_DISCLOSE_F1 = 1 << 4,
    COF_CONTRACT_DISCLOSE_RMSE = 1 << 5,
    COF_CONTRACT_DISCLOSE_MAE = 1 << 6,
    COF_CONTRACT_DISCLOSE_CONFUSION = 1 << 7
} cof_contract_disclosure;

typedef struct cof_contract_owner {
    const char *name;
    const char *key;  /* URL with version of the key-encryption key */
    cof_ec_key *sign; /* verifies the owner's consent */
} cof_contract_owner;

/* How an object is encrypted: sealed, where the contract does not say. */
typedef enum cof_contract_encryption {
    COF_CONTRACT_SEALED,
    COF_CONTRACT_AZURE_CSE_V2
} cof_contract_encryption;

typedef struct cof_contract_object {
    const char *part; /* "data", "labels" */
    cof_contract_encryption encryption;
    cof_digest digest; /* sealed: of its front; azure-cse-v2: of the blob's bytes */
    uint64_t size;     /* of the plaintext, in bytes */
} cof_contract_object;

typedef struct cof_contract_input {
    const char *name;
    size_t owner; /* index into owners */
    cof_contract_format format;
    cof_contract_use use;
    const char *target;        /* csv: a column of the schema; else NULL */
    size_t target_column;      /* csv: its index */
    cof_schema *schema;        /* csv; else NULL */
    const json_t *schema_json; /* csv: as it stands in the contract; else NULL */
    uint32_t classes;          /* of the target: 0 for regression */
    size_t object_count;       /* csv: 1 (data); idx: 2 (data, labels) */
    cof_contract_object objects[COF_CONTRACT_OBJECTS];
} cof_contract_input;

typedef struct cof_contract_model {
    cof_contract_model_kind kind;
    size_t hidden_count; /* mlp: at least 1; linear: 0 */
    uint32_t hidden[COF_LIMIT_LAYERS];
    cof_contract_activation activation; /* mlp */
} cof_contract_model;

typedef struct cof_contract_optimizer {
    cof_contract_optimizer_kind kind;
    double learning_rate;
    double momentum; /* sgd */
    double beta1;    /* adamw */
    double beta2;    /* adamw */
    double epsilon;  /* adamw */
    double weight_decay;
} cof_contract_optimizer;

typedef struct cof_contract_training {
    uint32_t epochs;
    uint32_t batch;
    uint64_t seed;     /* below 2^53 */
    double validation; /* fraction of the training rows */
    double test;       /* fraction of the training rows; 0 when an input has use test */
    cof_contract_weights class_weights;
    bool standardize;
    cof_contract_optimizer optimizer;
    uint32_t checkpoint_every_epochs; /* 0: never */
    cof_contract_stop_metric stop;
    uint32_t stop_patience; /* epochs; 0 without stop */
    uint32_t threads;
    cof_contract_kernel kernel; /* precision is f32 */
} cof_contract_training;

typedef struct cof_contract_recipient {
    const char *name;
    const char *kid;
    cof_rsa_key *key; /* public */
} cof_contract_recipient;

typedef struct cof_contract_output {
    const char *name;
    cof_contract_output_format format;
    size_t recipient_count;
    cof_contract_recipient recipients[COF_LIMIT_RECIPIENTS];
} cof_contract_output;

typedef struct cof_contract_limits {
    int64_t expires_unix_s;
    uint32_t runs;
    uint64_t memory_bytes;
    uint32_t wall_time_s;
} cof_contract_limits;

/** A contract that was read and found valid. Texts point into json and live as long as the
 * contract. */
typedef struct cof_contract {
    json_t *json;      /* the whole contract, for a receipt; do not change it */
    cof_digest digest; /* SHA-256 of the canonical form */
    const char *name;
    const char *purpose;
    const char *authority; /* of attestation: https://host[:port] */
    size_t other_authority_count;
    const char *other_authorities[COF_CONTRACT_OTHER_AUTHORITIES]; /* that are as good */
    size_t platform_count;
    cof_contract_platform_type platforms[COF_CONTRACT_PLATFORMS]; /* in its order */
    size_t owner_count;
    cof_contract_owner owners[COF_LIMIT_OWNERS];
    size_t input_count;
    cof_contract_input inputs[COF_LIMIT_INPUTS];
    cof_contract_task task;
    uint32_t classes; /* of the target: 0 for regression, 2 for binary */
    cof_contract_model model;
    cof_contract_training training;
    unsigned disclose; /* set of cof_contract_disclosure */
    size_t output_count;
    cof_contract_output outputs[COF_LIMIT_OUTPUTS];
    cof_contract_limits limits;
} cof_contract;

/**
 * Reads a contract from its canonical bytes.
 *
 * @param text  borrowed; at most COF_LIMIT_CONTRACT_BYTES
 * @return COF_OK, COF_E_CONTRACT_INVALID (the detail names the member), COF_E_NO_MEMORY,
 * COF_E_CRYPTO
 */
COF_MUST_USE cof_status cof_contract_parse(cof_view text, cof_contract **out, cof_err *err);

/** Accepts NULL. */
void cof_contract_free(cof_contract *contract);
COF_OWNED(cof_contract, cof_contract_free);

/** True when the contract's expiry is not after now. The enclave has no clock: for those who have
 * one. */
bool cof_contract_is_expired(const cof_contract *contract, int64_t now_unix_s);

/* Names as they stand in a contract. Static texts; a value outside the enum gives "?". */
const char *cof_contract_platform_name(cof_contract_platform_type type);
const char *cof_contract_format_name(cof_contract_format format);
const char *cof_contract_use_name(cof_contract_use use);
const char *cof_contract_task_name(cof_contract_task task);
const char *cof_contract_model_name(cof_contract_model_kind kind);
const char *cof_contract_activation_name(cof_contract_activation activation);
const char *cof_contract_optimizer_name(cof_contract_optimizer_kind kind);
const char *cof_contract_weights_name(cof_contract_weights weights);
const char *
cof_contract_stop_name(cof_contract_stop_metric metric); /* "none" is not in a contract: null is */
const char *cof_contract_kernel_name(cof_contract_kernel kernel);
const char *cof_contract_output_format_name(cof_contract_output_format format);
/** The name of one bit. */
const char *cof_contract_disclosure_name(cof_contract_disclosure bit);

#endif
