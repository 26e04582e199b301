using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.S3;

/// <summary>From what a server or the way to it answers to what a user of a store can act on.</summary>
internal sealed class S3Errors(S3Address address)
{
    private readonly string _server = address.Endpoint?.GetLeftPart(UriPartial.Authority) ?? "Amazon S3";

    /// <summary>The failure behind an exception of the SDK; null for what is none of its.</summary>
    /// <param name="exception">As thrown.</param>
    /// <param name="action">Permission that the call takes: <c>s3:PutObject</c>.</param>
    /// <param name="what">The object, for the message.</param>
    internal StorageException? Of(Exception exception, string action, string what) => exception switch
    {
        StorageException known => known,
        AmazonS3Exception { StatusCode: not 0 } answer => Answered(answer, action, what),
        AmazonServiceException { StatusCode: not 0 and not HttpStatusCode.OK, ErrorCode.Length: > 0 } answer => Answered(answer, action, what),
        _ when Inner<AuthenticationException>(exception) is { } tls => New(
            StorageFailure.Misconfigured, $"the certificate of {_server} is not trusted, or it does not speak TLS: {tls.Message}", exception),
        _ when Inner<SocketException>(exception) is { } socket => New(
            StorageFailure.Unavailable, $"{_server} cannot be reached: {Lower(socket.Message)}", exception),
        HttpRequestException or IOException or AmazonServiceException => New(
            StorageFailure.Unavailable, $"the connection to {_server} broke at {what}: {Lower(exception.GetBaseException().Message)}", exception),
        AmazonClientException => New(
            StorageFailure.Misconfigured,
            $"there are no credentials for {address}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of the service, or Location:CredentialsFile", exception),

        // A connection that nobody answers ends as either; the caller's own end never comes here.
        TimeoutException or OperationCanceledException => New(
            StorageFailure.Unavailable, $"{_server} did not answer in time at {what}: {Lower(exception.GetBaseException().Message)}", exception),
        _ => null,
    };

    internal StorageException Stalled(string what, TimeSpan limit, Exception inner) => New(
        StorageFailure.Unavailable, $"{_server} did not go on with {what} for {limit.TotalSeconds:0} s", inner);

    internal StorageException BucketMissing(Exception inner) => New(
        StorageFailure.Misconfigured, $"there is no bucket '{address.Bucket}' at {_server}: create it, or correct Location:Url", inner);

    private StorageException Answered(AmazonServiceException answer, string action, string what) => answer.ErrorCode switch
    {
        "NoSuchBucket" => BucketMissing(answer),
        "NoSuchKey" or "NotFound" => New(StorageFailure.NotFound, $"there is no {what}", answer),
        "PreconditionFailed" => New(StorageFailure.AlreadyExists, $"{what} exists", answer),
        "ConditionalRequestConflict" or "OperationAborted" => Passing(answer, what, "another writer was at the same object"),
        "BadDigest" or "InvalidDigest" or "XAmzContentSHA256Mismatch" or "IncompleteBody" => Passing(answer, what, "the content was damaged on the way"),
        "SlowDown" or "TooManyRequests" or "Throttling" or "RequestLimitExceeded" => Passing(answer, what, "asks to slow down"),
        "RequestTimeout" or "InternalError" or "ServiceUnavailable" => Passing(answer, what, "failed"),
        "RequestTimeTooSkewed" => New(
            StorageFailure.Misconfigured, $"the clocks of this machine and of {_server} differ too much: set the time, then try again", answer),
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" => OtherRegion(answer),
        "InvalidAccessKeyId" => New(StorageFailure.PermissionDenied, $"{_server} does not know the access key id", answer),
        "SignatureDoesNotMatch" => New(StorageFailure.PermissionDenied, $"{_server} does not accept the secret access key", answer),
        "ExpiredToken" or "InvalidToken" => New(StorageFailure.PermissionDenied, $"{_server} does not accept the session token: {Lower(answer.Message)}", answer),
        "QuotaExceeded" or "InsufficientCapacity" or "XMinioStorageFull" => New(StorageFailure.Full, $"{_server} has no space or quota left for {what}", answer),
        "AccessDeniedByObjectLock" or "ObjectLocked" or "InvalidRetentionPeriod" => Retained(what, null, answer),
        _ => ByStatus(answer, action, what),
    };

    internal static StorageException Retained(string what, DateTime? until, Exception inner) => New(
        StorageFailure.Retained, until is { } time ? $"{what} is kept by a retention lock until {time:yyyy-MM-dd HH:mm} UTC" : $"{what} is kept by a retention lock", inner);

    private StorageException ByStatus(AmazonServiceException answer, string action, string what) => (int)answer.StatusCode switch
    {
        200 => Passing(answer, what, "failed"), // Copies and completions: the error came behind a status that was sent before.
        301 or 307 => OtherRegion(answer),
        401 or 403 => New(StorageFailure.PermissionDenied, $"{_server} denies {action} on {what} to these credentials", answer),
        404 => New(StorageFailure.NotFound, $"there is no {what}", answer),
        408 or 429 => Passing(answer, what, "asks to slow down"),
        412 => New(StorageFailure.AlreadyExists, $"{what} exists", answer),
        507 => New(StorageFailure.Full, $"{_server} has no space left for {what}", answer),
        501 => New(StorageFailure.Misconfigured, $"{_server} does not know how to do {action}", answer),
        >= 500 => Passing(answer, what, "failed"),
        _ => New(StorageFailure.Misconfigured, $"{_server} refuses {action} on {what}: {Code(answer)}{Lower(answer.Message)}", answer),
    };

    private StorageException OtherRegion(AmazonServiceException answer) => New(
        StorageFailure.Misconfigured,
        $"bucket '{address.Bucket}' is not in region '{address.Region ?? "(default)"}' of {_server}: correct region= in Location:Url ({Lower(answer.Message)})", answer);

    private StorageException Passing(AmazonServiceException answer, string what, string why) => New(
        StorageFailure.Unavailable, $"{_server} {(why.Contains(' ', StringComparison.Ordinal) ? "says at" : "failed at")} {what}: {(why == "failed" ? "" : why + " ")}({Code(answer)}status {(int)answer.StatusCode})", answer);

    private static string Code(AmazonServiceException answer) => string.IsNullOrEmpty(answer.ErrorCode) ? "" : $"{answer.ErrorCode}, ";

    private static StorageException New(StorageFailure failure, string message, Exception inner) => new(failure, message, inner);

    private static T? Inner<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Messages of others, to go on in a sentence of ours.</summary>
    private static string Lower(string message) =>
        message.Length > 1 && char.IsUpper(message[0]) && !char.IsUpper(message[1]) ? char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.') : message.TrimEnd('.');
}
