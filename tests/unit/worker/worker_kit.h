/* What tests of the worker share: a job with sealed data, and an agent that plays it over a socket
 * pair. */
#ifndef COF_TEST_WORKER_KIT_H
#define COF_TEST_WORKER_KIT_H

#include <jansson.h>
#include <pthread.h>
#include <sys/types.h>

#include "harness/cof_test.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/protocol.h"
#include "tcb/worker/worker.h"

enum { KIT_ROWS = 150, KIT_OUTPUTS = 2, KIT_EVENTS = 512 };

/** What a test wants of its contract; zeroed members get the defaults named. */
typedef struct kit_wish {
    int epochs;              /* 6 */
    int every_epochs;        /* 2 */
    int threads;             /* 1 */
    int batch;               /* 16 */
    long long memory;        /* 64 MiB */
    const char *kernel;      /* "any" */
    const char *disclose;    /* a JSON array; ["progress","loss","accuracy","auc"] */
    const char *stop;        /* "null" */
    const char *cell;        /* replaces one cell of the data; NULL: none */
    bool has_two_inputs;     /* the rows in two objects of one owner */
    bool has_idx;            /* bytes with labels instead of a table */
    bool is_cse;             /* the objects are client-side encrypted blobs of Azure */
    const char *measurement; /* hex; zeros */
    const char *root;        /* hex; zeros */
    const char *authority;   /* https://attest.example */
    int wall_time;           /* 3600 */
    long long expires;       /* 1798761600 */
} kit_wish;

/** A contract and the sealed objects that it names. */
typedef struct kit_job {
    cof_buf contract;
    cof_digest digest;
    size_t object_count;
    cof_buf objects[2]; /* in the order in which the worker asks for them */
} kit_job;

/** Keys that all jobs share: made once. */
typedef struct kit_keys {
    cof_rsa_key *owner;
    cof_rsa_key *stranger;
    cof_rsa_key *recipient;
    const char *owner_kid; /* NULL: KIT_OWNER_KID */
} kit_keys;
extern kit_keys kit;
int kit_make_keys(void **state);
int kit_free_keys(void **state);

#define KIT_OWNER_KID     "https://vault.example/keys/owner/0123456789abcdef0123456789abcdef"
#define KIT_RECIPIENT_KID "https://vault.example/keys/results/0123456789abcdef0123456789abcdef"

void kit_job_make(const kit_wish *wish, kit_job *out);
void kit_job_free(kit_job *job);

typedef struct kit_play kit_play;

/** One conversation: how it is to go, and what came of it. */
struct kit_play {
    const kit_job *job;
    cof_view checkpoint;         /* given when the worker asks; empty: none */
    uint8_t kernel;              /* of START */
    int leave_after_checkpoints; /* closes the stream after so many; 0: stays */
    size_t piece;                /* bytes of a DATA frame; 0: 100000 */
    /* Sees every frame before it is sent; may change type and payload. index counts frames from 0.
     */
    void (*tamper)(kit_play *play, int index, uint8_t *type, cof_buf *payload);
    void *context;
    /* Called in the worker's thread before and after it runs; NULL: nothing. */
    void (*before)(kit_play *play);
    void (*after)(kit_play *play);
    const char *program; /* path of the worker's executable; NULL: the library, in a thread */
    void (*watch)(
        kit_play *play); /* with a program: called when its evidence has come; pid is set */

    pid_t pid;
    int exit_code; /* of the program; -signal when one ended it */
    int fd;
    int sent;
    cof_status status; /* of cof_worker_run */
    char failed[40];   /* name in FAILED, "" without */
    bool is_done;
    bool is_closed; /* the worker closed the stream */
    cof_buf runtime;
    cof_buf evidence;
    size_t checkpoint_count;
    cof_buf last_checkpoint; /* the newest whole one */
    size_t output_count;
    char output_names[KIT_OUTPUTS][32];
    cof_buf outputs[KIT_OUTPUTS];
    cof_buf receipt;
    size_t event_count;
    json_t *events[KIT_EVENTS];
    cof_digest head; /* of the events, made again here */
};

/** Runs a worker and plays the agent to the end. */
void kit_run(kit_play *play);
void kit_play_free(kit_play *play);

/** Wraps a key pair to the transfer key of the runtime data, as a vault does; the KEY frame's
 * payload. */
void kit_wrap(cof_view runtime, const cof_rsa_key *key, uint8_t algorithm, cof_buf *out);

/** Opens output index with the recipient's key; appends the plaintext. */
void kit_open(const kit_play *play, size_t index, cof_buf *out);

/** How many events of a step there are, and the last of them (borrowed; NULL without). */
size_t kit_events(const kit_play *play, const char *step, const json_t **out_last);

/** Seals bytes as an owner does. */
void kit_seal_dataset(cof_view plain, const char *name, cof_buf *out, cof_digest *out_digest);

/** Writes a client-side encrypted blob behind its head, in regions of 1024 bytes. */
void kit_write_cse(cof_view plain, cof_buf *out, cof_digest *out_digest);

#endif
