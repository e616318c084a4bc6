/* What /dev/sev-guest is told (include/uapi/linux/sev-guest.h): for sev_guest.c and its tests. */
#ifndef COF_EVIDENCE_SEV_GUEST_H
#define COF_EVIDENCE_SEV_GUEST_H

#include <stdint.h>
#include <sys/ioctl.h>

typedef struct cof_sev_report_request {
    uint8_t report_data[64];
    uint32_t vmpl; /* 0: where Coffer's guests run */
    uint8_t reserved[28];
} cof_sev_report_request;

typedef struct cof_sev_report_response {
    uint8_t bytes[4000];
} cof_sev_report_response;

typedef struct cof_sev_ext_request {
    cof_sev_report_request request;
    uint64_t certificates; /* a page's address */
    uint32_t certificates_size;
    uint32_t padding;
} cof_sev_ext_request;

typedef struct cof_sev_ioctl {
    uint8_t version;
    uint8_t padding[7];
    uint64_t request;
    uint64_t response;
    uint64_t exit_info;
} cof_sev_ioctl;

#define COF_SEV_GET_REPORT     _IOWR('S', 0, cof_sev_ioctl)
#define COF_SEV_GET_EXT_REPORT _IOWR('S', 2, cof_sev_ioctl)

#endif
