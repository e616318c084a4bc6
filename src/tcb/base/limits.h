/*
 * Every maximum that a number from outside meets before it sizes, indexes or repeats anything.
 * One list, so that a review can see all of them.
 */
#ifndef COF_BASE_LIMITS_H
#define COF_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    COF_LIMIT_CONTRACT_BYTES = 256 * 1024,    /* the canonical contract */
    COF_LIMIT_JSON_BYTES = 1024 * 1024,       /* any JSON text */
    COF_LIMIT_JSON_DEPTH = 32,                /* nesting of any JSON text */
    COF_LIMIT_TOKEN_BYTES = 64 * 1024,        /* a JWT */
    COF_LIMIT_QUOTE_BYTES = 64 * 1024,        /* evidence */
    COF_LIMIT_RUNTIME_BYTES = 16 * 1024,      /* runtime data */
    COF_LIMIT_RELEASE_BYTES = 16 * 1024,      /* a wrapped key-encryption key */
    COF_LIMIT_FRAME_BYTES = 1024 * 1024 + 64, /* any frame's payload */
    COF_LIMIT_NAME_BYTES = 128,               /* a job's, input's, output's, owner's name */
    COF_LIMIT_COLUMN_BYTES = 256,             /* a column's name */
    COF_LIMIT_INPUTS = 16,                    /* inputs of a contract */
    COF_LIMIT_OUTPUTS = 16,                   /* outputs of a contract */
    COF_LIMIT_OWNERS = 16,                    /* owners of a contract */
    COF_LIMIT_RECIPIENTS = 32,                /* recipients of a sealed object */
    COF_LIMIT_RECIPIENT_BYTES = 16 * 1024,    /* the recipients area of a sealed object */
    COF_LIMIT_COLUMNS = 16384,                /* columns of a table */
    COF_LIMIT_CLASSES = 1000,                 /* classes of a target, values of a category */
    COF_LIMIT_VALUE_BYTES = 256,              /* a value of a category */
    COF_LIMIT_FEATURES = 262144,        /* features of a row, after categories became columns */
    COF_LIMIT_NUMBER_BYTES = 1024,      /* the text of a number in a table */
    COF_LIMIT_LINE_BYTES = 1024 * 1024, /* a line of a text input */
    COF_LIMIT_FIELD_BYTES = 64 * 1024,  /* a field of a line */
    COF_LIMIT_LAYERS = 32,              /* hidden layers */
    COF_LIMIT_WIDTH = 65536,            /* units of a layer */
    COF_LIMIT_URL_BYTES = 4096,         /* a request's target, or a URL */
    COF_LIMIT_URL_SEGMENTS = 16,        /* segments of a path */
    COF_LIMIT_FORM_PAIRS = 64,          /* pairs of a query or a form */
    COF_LIMIT_HTTP_HEADER_BYTES = 32 * 1024, /* the header of a request, all fields */
    COF_LIMIT_HTTP_HEADERS = 64,             /* fields of a request or an answer */
    COF_LIMIT_HTTP_BODY_BYTES =
        1024 * 1024, /* the body of a request to a service of ours, unless it says otherwise */
    COF_LIMIT_HTTP_ANSWER_BYTES =
        16 * 1024 * 1024, /* the body of an answer, unless the caller says otherwise */
    COF_LIMIT_THREADS = 64,
    COF_LIMIT_EPOCHS = 100000,
    COF_LIMIT_BATCH = 65536
};

#define COF_LIMIT_OBJECT_BYTES     ((uint64_t)1 << 44) /* plaintext of a sealed object: 16 TiB */
#define COF_LIMIT_ROWS             ((uint64_t)1 << 33) /* rows of a table */
#define COF_LIMIT_CHECKPOINT_BYTES ((size_t)1 << 34)

#endif
