/*
 * job.yaml as a plain struct: everything that docs/formats/contract.md lists, defaults filled in.
 *
 * What a job only points at (data, schemas, identities) is not looked up here: see resolve.h.
 */
#ifndef COF_RELYING_CONTRACT_JOB_H
#define COF_RELYING_CONTRACT_JOB_H

#include "relying/contract/diagnostics.h"
#include "relying/contract/yaml.h"
#include "relying/policy/accept.h"
#include "tcb/contract/contract.h"

/** One accepted platform. */
typedef struct cof_job_platform {
    const cof_yaml_node *node; /* for diagnostics of what is filled in later */
    int type;                  /* cof_contract_platform_type; COF_JOB_UNKNOWN */
    cof_accept accept;         /* without measurements and signer: the worker installed here */
    bool has_root;             /* simulated: a root was written */
} cof_job_platform;

typedef struct cof_job_accept {
    size_t count;
    cof_job_platform items[COF_CONTRACT_PLATFORMS];
} cof_job_accept;

/** A path is relative to the folder of job.yaml, as it is written. */
typedef struct cof_job_input {
    const cof_yaml_node *node; /* for diagnostics of what is looked up later */
    const char *name;
    const char *owner;    /* an identity; "me" is the caller's own */
    int format;           /* cof_contract_format */
    int use;              /* cof_contract_use */
    const char *data;     /* path; NULL when sealed is given */
    const char *sealed;   /* path of a sealed object or descriptor: prepared elsewhere; else NULL */
    const char *target;   /* csv: column name, or NULL when it is given as an index */
    int64_t target_index; /* csv: from 0, when target is NULL */
    const char *schema;   /* csv: path, or NULL: inferred from the data */
    const char *labels;   /* idx: path; NULL when sealed_labels is given */
    const char *sealed_labels; /* idx: as sealed, of the labels */
    int64_t classes;           /* idx: count, or 0: 1 + the largest label */
} cof_job_input;

typedef struct cof_job_inputs {
    size_t count;
    cof_job_input items[COF_LIMIT_INPUTS];
} cof_job_inputs;

typedef struct cof_job_hidden {
    size_t count;
    int64_t units[COF_LIMIT_LAYERS];
} cof_job_hidden;

typedef struct cof_job_model {
    int kind; /* cof_contract_model_kind */
    cof_job_hidden hidden;
    int activation; /* cof_contract_activation */
} cof_job_model;

typedef struct cof_job_optimizer {
    int kind; /* cof_contract_optimizer_kind */
    double learning_rate;
    double momentum;
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;
} cof_job_optimizer;

typedef struct cof_job_checkpoint {
    int64_t every_epochs; /* 0: never */
} cof_job_checkpoint;

typedef struct cof_job_stop {
    int metric; /* cof_contract_stop_metric; COF_CONTRACT_STOP_NONE when absent */
    int64_t patience;
} cof_job_stop;

typedef struct cof_job_training {
    int64_t epochs;
    int64_t batch;
    int64_t seed;
    double validation;
    double test;
    cof_job_optimizer optimizer;
    int class_weights; /* cof_contract_weights */
    bool standardize;
    cof_job_checkpoint checkpoint;
    cof_job_stop stop;
    int64_t threads; /* 0: the cores of this host */
    int precision;   /* the index of "f32" */
    int kernel;      /* cof_contract_kernel */
} cof_job_training;

typedef struct cof_job_recipients {
    size_t count;
    const cof_yaml_node *nodes[COF_LIMIT_RECIPIENTS]; /* their texts are names of identities */
} cof_job_recipients;

typedef struct cof_job_output {
    const cof_yaml_node *node;
    const char *name;
    int format; /* cof_contract_output_format */
    cof_job_recipients recipients;
} cof_job_output;

typedef struct cof_job_outputs {
    size_t count;
    cof_job_output items[COF_LIMIT_OUTPUTS];
} cof_job_outputs;

typedef struct cof_job_limits {
    int64_t expires; /* Unix seconds */
    int64_t runs;
    int64_t memory;    /* bytes */
    int64_t wall_time; /* seconds */
} cof_job_limits;

/** Texts and nodes live as long as the job. */
typedef struct cof_job {
    cof_yaml *document;
    const char *name;
    const char *purpose;
    cof_job_accept accept;
    cof_job_inputs inputs;
    int task; /* cof_contract_task, or -1: from the target's schema */
    cof_job_model model;
    cof_job_training training;
    unsigned disclose; /* set of cof_contract_disclosure */
    cof_job_outputs outputs;
    cof_job_limits limits;
} cof_job;

/**
 * Reads job.yaml.
 *
 * @param text      borrowed
 * @param problems  made for the same text; gets every problem
 * @return COF_OK, COF_E_CONTRACT_INVALID (see problems; err has the first), COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_job_parse(cof_view text, cof_diagnostics *problems, cof_job **out,
                                      cof_err *err);

void cof_job_free(cof_job *job);
COF_OWNED(cof_job, cof_job_free);

#endif
