/* Frame types and limits of docs/formats/worker-protocol.md; the agent uses them too. */
#ifndef COF_WIRE_PROTOCOL_H
#define COF_WIRE_PROTOCOL_H

#include "tcb/base/limits.h"
#include "tcb/wire/frame.h"

enum { COF_PROTOCOL_VERSION = 1, COF_RUN_ID_SIZE = 16, COF_START_FIXED_SIZE = 18 };

/* COF_FRAME(name, type, fewest bytes, most bytes) */
#define COF_FRAMES_OF_AGENT(COF_FRAME)                                                             \
    COF_FRAME(START, 0x01, COF_START_FIXED_SIZE + 1,                                               \
              COF_LIMIT_CONTRACT_BYTES + COF_START_FIXED_SIZE)                                     \
    COF_FRAME(ATTESTED, 0x02, 0, COF_LIMIT_TOKEN_BYTES)                                            \
    COF_FRAME(KEY, 0x03, 2, COF_LIMIT_RELEASE_BYTES)                                               \
    COF_FRAME(DATA, 0x04, 1, 1024 * 1024)                                                          \
    COF_FRAME(END, 0x05, 0, 0)

#define COF_FRAMES_OF_WORKER(COF_FRAME)                                                            \
    COF_FRAME(EVIDENCE, 0x81, 5, 96 * 1024)                                                        \
    COF_FRAME(ASK_KEY, 0x82, 2, 2)                                                                 \
    COF_FRAME(ASK_CHECKPOINT, 0x83, 0, 0)                                                          \
    COF_FRAME(ASK_INPUT, 0x84, 4, 4)                                                               \
    COF_FRAME(EVENT, 0x85, 2, 64 * 1024)                                                           \
    COF_FRAME(PUT, 0x86, 3, 130)                                                                   \
    COF_FRAME(PUT_DATA, 0x87, 1, 1024 * 1024)                                                      \
    COF_FRAME(PUT_END, 0x88, 32, 32)                                                               \
    COF_FRAME(DONE, 0x89, 0, 0)                                                                    \
    COF_FRAME(FAILED, 0x8a, 1, 32)

enum {
#define COF_FRAME(name, type, low, high) COF_FRAME_##name = type,
    COF_FRAMES_OF_AGENT(COF_FRAME) COF_FRAMES_OF_WORKER(COF_FRAME)
#undef COF_FRAME
};

enum {
#define COF_FRAME(name, type, low, high)                                                           \
    COF_FRAME_##name##_LOW = low, COF_FRAME_##name##_HIGH = high,
    COF_FRAMES_OF_AGENT(COF_FRAME) COF_FRAMES_OF_WORKER(COF_FRAME)
#undef COF_FRAME
};

/** The rule of a frame, for cof_frame_read. */
#define COF_FRAME_RULE(name)                                                                       \
    {                                                                                              \
        COF_FRAME_##name, COF_FRAME_##name##_LOW, COF_FRAME_##name##_HIGH                          \
    }

/* The kinds of PUT. */
enum { COF_PUT_CHECKPOINT = 1, COF_PUT_OUTPUT = 2, COF_PUT_RECEIPT = 3 };

/* What a KEY is wrapped with. */
enum { COF_KEY_RSA_AES_SHA1 = 1, COF_KEY_RSA_AES_SHA256 = 2 };

#endif
