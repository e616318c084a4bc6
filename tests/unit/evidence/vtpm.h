/*
 * A vTPM like an Azure confidential VM's, for tests: swtpm with an attestation key at 0x81000003,
 * and a paravisor played here, which makes a new report into NV 0x01400001 whenever NV 0x01400002
 * is written. A TCTI of our own stands before swtpm, so that the paravisor (or a rival) can act
 * between two commands of the code under test.
 *
 * swtpm's NV indices hold at most 2048 bytes, so the claims have only what is needed.
 */
#ifndef TEST_VTPM_H
#define TEST_VTPM_H

#include <sys/types.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tcti.h>

#include "harness/cof_tempdir.h"
#include "tcb/base/buf.h"

enum { VTPM_HARDWARE_SIZE = 1184, VTPM_NV_SIZE = 2048, VTPM_USER_DATA_SIZE = 64 };

/** Makes the hardware report over report data (64 bytes) into place: 2 for SNP, 4 for TDX. */
typedef void vtpm_hardware(void *context, const uint8_t report_data[static 64],
                           uint8_t place[static VTPM_HARDWARE_SIZE]);

typedef struct vtpm {
    char folder[COF_TEMPDIR_SIZE];
    char socket[COF_TEMPDIR_SIZE + 16]; /* for Tss2_Tcti_Swtpm_Init: "path=…" */
    pid_t pid;
    TSS2_TCTI_CONTEXT *tcti; /* to swtpm */
    ESYS_CONTEXT *esys;      /* of the paravisor and of rivals */
    char modulus[400];       /* of the attestation key, base64url */
    vtpm_hardware *hardware;
    void *context;
    uint32_t type;           /* of the hardware report; 0: 2 */
    uint32_t hash;           /* that the report names; 0: 1, SHA-256 */
    int delay;               /* reads of the report before the new one is there */
    int torn;                /* so many reports are replaced while they are read */
    int extends;             /* so many PCRs are extended right after a quote */
    bool is_deaf;            /* the paravisor takes no user data */
    int reports;             /* made so far */
    int reads;               /* of the report's start */
    const char *secure_boot; /* "true", "false" */
    /* Of the command on its way. */
    uint32_t command, index, offset;
    bool has_user_data;
    uint8_t user_data[VTPM_USER_DATA_SIZE];
} vtpm;

/** Starts swtpm and makes key and NV indices; the first report has no user data. Ends the cmocka
 * test when it cannot. */
void vtpm_start(vtpm *tpm, vtpm_hardware *hardware, void *context);

/** Ends swtpm and removes its state. */
void vtpm_stop(vtpm *tpm);

/** Lets the connection to swtpm go, for another process: swtpm serves one at a time. */
void vtpm_disconnect(vtpm *tpm);

/** What the code under test is given as TCTI; path is ignored. The vtpm started last. */
TSS2_RC vtpm_tcti_init(TSS2_TCTI_CONTEXT *context, size_t *size, const char *path);

/** Makes a report over user data now, as if it had been written and taken over. */
void vtpm_refresh(vtpm *tpm, const uint8_t user_data[static VTPM_USER_DATA_SIZE]);

/** Defines an NV index that the owner can read, with this content. */
void vtpm_define(vtpm *tpm, uint32_t index, cof_view content);

/** Takes an index of vtpm_define away. */
void vtpm_undefine(vtpm *tpm, uint32_t index);

#endif
