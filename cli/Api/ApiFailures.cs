using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Api;

/// <summary>What an answer that is not a success, or no answer at all, means in the error table.</summary>
internal static class ApiFailures
{
    /// <summary>From the body where it is the API's, else from the status: something in between may have answered.</summary>
    public static BackupException FromAnswer(Uri server, HttpStatusCode status, string body, out string? traceId)
    {
        traceId = null;
        if (TryReadEnvelope(body) is { } error)
        {
            traceId = error.TraceId;
            return new BackupException(Row(error.Code), error.Message, error.Hint);
        }

        var row = status switch
        {
            HttpStatusCode.Unauthorized => ErrorCodes.NotAuthenticated,
            HttpStatusCode.Forbidden => ErrorCodes.NotAllowed,
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => ErrorCodes.ServerUnreachable,
            _ => ErrorCodes.InvalidInput,
        };
        return new BackupException(
            row,
            $"{server} answered {(int)status} without saying why, as something other than Stella Ops Backup would",
            row == ErrorCodes.InvalidInput ? "Check STELLA_SERVER: it must name the gateway." : null);
    }

    /// <summary>Whether a body says what went wrong, in the words of the API.</summary>
    public static bool IsError(string body) => TryReadEnvelope(body) is not null;

    public static BackupException FromException(Uri server, HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => Unreachable(server, $"the name {server.Host} is not known", exception),
        HttpRequestError.ConnectionError => Unreachable(server, Reason(exception), exception),
        HttpRequestError.SecureConnectionError => new BackupException(
            ErrorCodes.NotAllowed,
            $"the TLS certificate of {server} is not accepted: {exception.InnerException?.Message ?? exception.Message}",
            "Name the site's certificate authority with SSL_CERT_FILE=/path/ca.pem, or correct the address.",
            exception),
        _ => new BackupException(ErrorCodes.ServerUnreachable, $"the connection to {server} broke", inner: exception),
    };

    public static BackupException FromTimeout(Uri server, TimeSpan limit) =>
        new(ErrorCodes.ServerUnreachable, $"{server} did not answer within {limit.TotalSeconds:0} seconds");

    public static BackupException NotUnderstood(Uri server, JsonException exception) => new(
        ErrorCodes.VersionMismatch,
        $"the answer of {server} is not understood: {exception.Message}",
        "Check that STELLA_SERVER names the gateway, and that the versions of stella and the server fit.",
        exception);

    /// <summary>A code that only a newer server knows keeps its name.</summary>
    public static ErrorCode Row(string code)
    {
        var row = ErrorCodes.Find(code);
        return row == ErrorCodes.Unexpected ? row with { Code = code } : row;
    }

    private static string Reason(HttpRequestException exception) =>
        exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
            ? "nothing accepts connections there"
            : exception.InnerException?.Message ?? exception.Message;

    private static BackupException Unreachable(Uri server, string why, Exception inner) =>
        new(ErrorCodes.ServerUnreachable, $"{server} cannot be reached: {why}", inner: inner);

    private static ApiError? TryReadEnvelope(string body)
    {
        try
        {
            return ApiJson.Read<ErrorEnvelope>(body).Error;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
