#include <string.h>

#include "host/azure/blob_call.h"

/* A code of the service, what it means here, and what to do. */
typedef struct refusal {
    const char *code;
    cof_status status;
    const char *remedy;
} refusal;

static const refusal refusals[] = {
    {"BlobNotFound", COF_E_NOT_FOUND, "there is no such blob"},
    {"ContainerNotFound", COF_E_NOT_FOUND, "there is no such container"},
    {"ResourceNotFound", COF_E_NOT_FOUND, "there is no such blob or container"},
    {"ContainerBeingDeleted", COF_E_BUSY, "the container is being deleted"},
    {"BlobAlreadyExists", COF_E_EXISTS, "there is a blob of this name"},
    {"ContainerAlreadyExists", COF_E_EXISTS, "there is a container of this name"},
    {"ResourceAlreadyExists", COF_E_EXISTS, "it exists already"},
    {"BlobImmutableDueToPolicy", COF_E_BUSY, "an immutability policy or legal hold keeps the blob"},
    {"LeaseAlreadyPresent", COF_E_BUSY, "somebody holds a lease of the blob"},
    {"LeaseIdMissing", COF_E_BUSY, "somebody holds a lease of the blob"},
    {"LeaseIdMismatchWithBlobOperation", COF_E_BUSY, "another lease of the blob is held"},
    {"LeaseIdMismatchWithLeaseOperation", COF_E_BUSY, "another lease of the blob is held"},
    {"LeaseNotPresentWithBlobOperation", COF_E_NOT_FOUND, "the blob has no lease"},
    {"LeaseNotPresentWithLeaseOperation", COF_E_NOT_FOUND, "the blob has no lease"},
    {"LeaseIsBrokenAndCannotBeRenewed", COF_E_BUSY, "the lease was broken"},
    {"LeaseIsBreakingAndCannotBeAcquired", COF_E_BUSY, "the lease is being broken"},
    {"ConditionNotMet", COF_E_BUSY, "the blob was changed or replaced meanwhile"},
    {"TargetConditionNotMet", COF_E_BUSY, "the blob was changed or replaced meanwhile"},
    {"SourceConditionNotMet", COF_E_BUSY, "the source was changed or replaced meanwhile"},
    {"PendingCopyOperation", COF_E_BUSY, "a copy to this blob is under way"},
    {"InvalidBlockList", COF_E_BUSY, "blocks are gone: another upload replaced the blob"},
    {"InvalidBlobOrBlock", COF_E_BUSY, "another upload to this blob has blocks of another form"},
    {"InvalidRange", COF_E_TRUNCATED, "the blob ends before this range"},
    {"Md5Mismatch", COF_E_IO, "bytes were altered on their way"},
    {"AuthenticationFailed", COF_E_UNAUTHORIZED,
     "check the key, or the signature and its expiry, and this machine's clock"},
    {"InvalidAuthenticationInfo", COF_E_UNAUTHORIZED,
     "check the credential, and this machine's clock"},
    {"NoAuthenticationInformation", COF_E_UNAUTHORIZED, "the request was not authorized"},
    {"AuthorizationPermissionMismatch", COF_E_FORBIDDEN,
     "needs the role Storage Blob Data Contributor (reading alone: Reader), or a signature that "
     "permits this"},
    {"AuthorizationFailure", COF_E_FORBIDDEN,
     "the account's firewall, or a disabled way to sign in, refused this"},
    {"AuthorizationProtocolMismatch", COF_E_FORBIDDEN, "the signature is for https alone"},
    {"AuthorizationServiceMismatch", COF_E_FORBIDDEN, "the signature is for another service"},
    {"AuthorizationResourceTypeMismatch", COF_E_FORBIDDEN,
     "the signature is for another type of resource"},
    {"AuthorizationSourceIPMismatch", COF_E_FORBIDDEN, "the signature is for another address"},
    {"KeyBasedAuthenticationNotPermitted", COF_E_FORBIDDEN,
     "the account permits no keys: use a credential"},
    {"PublicAccessNotPermitted", COF_E_FORBIDDEN, "the account permits no public access"},
    {"InsufficientAccountPermissions", COF_E_FORBIDDEN, "the account may not do this"},
    {"AccountIsDisabled", COF_E_FORBIDDEN, "the account is disabled"},
    {"ServerBusy", COF_E_REMOTE_ERROR, "the service is busy: try again later"},
    {"OperationTimedOut", COF_E_TIMEOUT, "the service took too long"},
};

/* For a refusal without a code that is known: HEAD has no body, and proxies have codes of their
 * own. */
static cof_status by_http_status(int http_status)
{
    switch (http_status) {
    case 401:
        return COF_E_UNAUTHORIZED;
    case 403:
        return COF_E_FORBIDDEN;
    case 404:
        return COF_E_NOT_FOUND;
    case 409:
    case 412:
        return COF_E_BUSY;
    case 416:
        return COF_E_TRUNCATED;
    default:
        return COF_E_REMOTE_ERROR;
    }
}

cof_status cof_storage_refusal(int http_status, const char *code, const char *what, cof_err *err)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strcmp(code, refusals[i].code) == 0) {
            return cof_err_set(err, refusals[i].status, __FILE__, __LINE__, "%s: %s (%d %s)", what,
                               refusals[i].remedy, http_status, code);
        }
    }
    return cof_err_set(err, by_http_status(http_status), __FILE__, __LINE__,
                       "%s: storage answered %d %s", what, http_status, code);
}
