using System.Net;
using Azure;
using Azure.Identity;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.AzureBlob;

/// <summary>
/// What Azure's answers mean to us, by its error codes (Azure Storage REST reference, "Blob Storage error codes") and else by the HTTP
/// status. The messages are our own: the SDK's repeat headers.
/// </summary>
internal sealed class AzureBlobErrors(AzureBlobAddress address, string server)
{
    /// <summary>Null for what is not a failure of the store.</summary>
    internal StorageException? Of(Exception exception, string action, string key) => exception switch
    {
        StorageException known => known,
        RequestFailedException { Status: not 0 } answer => Answered(answer, action, $"{address}/{key}"),
        RequestFailedException unanswered => Unreached(unanswered),
        AggregateException { InnerExceptions: [.., var last] } => Of(last, action, key) ?? Unreached(last), // All attempts of the SDK.
        CredentialUnavailableException => New(
            StorageFailure.Misconfigured, $"there are no credentials for {address}: set AZURE_STORAGE_CONNECTION_STRING, or Location:CredentialsFile, or give this machine an identity", exception),
        AuthenticationFailedException => New(StorageFailure.PermissionDenied, $"the identity of this machine got no access to {address}", exception),
        IOException or HttpRequestException => Unreached(exception),
        TimeoutException or OperationCanceledException => New(StorageFailure.Unavailable, $"{server} did not answer in time to {action} {address}/{key}", exception),
        _ => null,
    };

    private StorageException Answered(RequestFailedException answer, string action, string what) => answer.ErrorCode switch
    {
        "ContainerNotFound" => New(StorageFailure.Misconfigured, $"there is no container '{address.Container}' at {server}: create it, or correct Location:Url", answer),
        "ContainerBeingDeleted" or "ContainerDisabled" => New(StorageFailure.Misconfigured, $"the container '{address.Container}' at {server} is deleted or disabled", answer),
        "BlobNotFound" or "ResourceNotFound" => New(StorageFailure.NotFound, $"there is no {what}", answer),
        "BlobAlreadyExists" or "ConditionNotMet" => New(StorageFailure.AlreadyExists, $"{what} exists", answer),
        "InvalidBlockList" => New(StorageFailure.Unavailable, $"another put of {what} ended first, and took the blocks of this one away: try again", answer),
        "BlobImmutableDueToPolicy" => New(StorageFailure.Retained, $"{what} is kept by an immutability policy or a legal hold", answer),
        "SnapshotsPresent" => New(StorageFailure.Retained, $"{what} has blob snapshots that someone made: delete those first", answer),
        "LeaseIdMissing" => New(StorageFailure.Retained, $"{what} is leased by someone", answer),
        "BlobArchived" or "BlobBeingRehydrated" => New(StorageFailure.Misconfigured, $"{what} is in the archive tier: rehydrate it, and keep this container in an online tier", answer),
        "AuthenticationFailed" => Unauthenticated(answer),
        "AccountIsDisabled" => New(StorageFailure.Misconfigured, $"the account of {server} is disabled", answer),
        "Md5Mismatch" or "Crc64Mismatch" => Passing(answer, action, what),
        _ => ByStatus(answer, action, what),
    };

    private StorageException ByStatus(RequestFailedException answer, string action, string what) => answer.Status switch
    {
        (int)HttpStatusCode.Unauthorized or (int)HttpStatusCode.Forbidden => New(
            StorageFailure.PermissionDenied, $"{server} denies to {action} {what} to these credentials{Code(answer)}", answer),
        (int)HttpStatusCode.NotFound => New(StorageFailure.NotFound, $"there is no {what}", answer),
        (int)HttpStatusCode.InsufficientStorage => New(StorageFailure.Full, $"{server} has no space left for {what}", answer),
        (int)HttpStatusCode.RequestTimeout or (int)HttpStatusCode.TooManyRequests or >= 500 and not 501 => Passing(answer, action, what),
        _ => New(StorageFailure.Misconfigured, $"{server} refuses to {action} {what}{Code(answer)}", answer),
    };

    /// <summary>Azure accepts a signed date for 15 minutes.</summary>
    private StorageException Unauthenticated(RequestFailedException answer) =>
        answer.Message.Contains("date", StringComparison.OrdinalIgnoreCase) && answer.Message.Contains("old", StringComparison.OrdinalIgnoreCase)
            ? New(StorageFailure.Misconfigured, $"the clocks of this machine and of {server} differ too much: set the time, then try again", answer)
            : New(StorageFailure.PermissionDenied, $"{server} does not accept the credentials for {address}", answer);

    private StorageException Passing(RequestFailedException answer, string action, string what) =>
        New(StorageFailure.Unavailable, $"{server} could not {action} {what}{Code(answer)}", answer);

    private StorageException Unreached(Exception exception) =>
        New(StorageFailure.Unavailable, $"the connection to {server} failed: {exception.GetBaseException().Message}", exception);

    private static string Code(RequestFailedException answer) => $" (status {answer.Status}{(answer.ErrorCode is { Length: > 0 } code ? $", {code}" : "")})";

    private static StorageException New(StorageFailure failure, string message, Exception inner) => new(failure, message, inner);
}
