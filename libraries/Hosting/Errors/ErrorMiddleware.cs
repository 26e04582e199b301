using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Security;

namespace StellaOps.Backup.Hosting.Errors;

/// <summary>Turns what a request ends with into an answer of the error table. The one catch-all of the HTTP side.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null or 0, ContentType: null })
            {
                await DescribeStatusAsync(context).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone: there is nobody to answer.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            // Whatever was not expected must still be answered in the one shape, and must not tell its insides.
            context.Response.Clear();
            await DescribeExceptionAsync(context, e).ConfigureAwait(false);
        }
    }

    private Task DescribeExceptionAsync(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case BackupException e:
                logger.LogInformation("refused {Method} {Path}: {Code}: {Message}", context.Request.Method, context.Request.Path, e.Error.Code, e.Message);
                return ErrorAnswer.WriteAsync(context, e.Error, e.Message, e.Hint);
            case BadHttpRequestException e:
                return ErrorAnswer.WriteAsync(context, ErrorCodes.InvalidInput, BindingMessage(e), status: e.StatusCode);
            default:
                logger.LogError(exception, "{Method} {Path} ended unexpectedly", context.Request.Method, context.Request.Path);
                return ErrorAnswer.WriteAsync(context, ErrorCodes.Unexpected, "the service met an error that it does not know");
        }
    }

    private static string BindingMessage(BadHttpRequestException exception) => exception.InnerException is JsonException json
        ? $"the body of the request is not what is expected here: {json.Message}"
        : $"the request cannot be read: {exception.Message}";

    /// <summary>Policies are named as the scopes that they want.</summary>
    private static string LackingMessage(HttpContext context)
    {
        var wanted = context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).OfType<string>() ?? [];
        var lacking = wanted.Where(scope => !AuthorizationScopes.Has(context.User, scope)).Distinct(StringComparer.Ordinal).ToList();
        return lacking.Count > 0
            ? $"the token does not have the scope {string.Join(" and ", lacking)}, which this request needs"
            : "the token does not have the scope that this request needs";
    }

    private static Task DescribeStatusAsync(HttpContext context)
    {
        var status = context.Response.StatusCode;
        var (error, message) = status switch
        {
            StatusCodes.Status401Unauthorized => (ErrorCodes.NotAuthenticated, "the request carries no valid token"),
            StatusCodes.Status403Forbidden => (ErrorCodes.NotAllowed, LackingMessage(context)),
            StatusCodes.Status404NotFound => (ErrorCodes.InvalidInput, $"there is nothing at {context.Request.Path}"),
            StatusCodes.Status405MethodNotAllowed => (ErrorCodes.InvalidInput, $"{context.Request.Method} is not possible at {context.Request.Path}"),
            StatusCodes.Status413PayloadTooLarge => (ErrorCodes.InvalidInput, "the body of the request is too large"),
            StatusCodes.Status415UnsupportedMediaType => (ErrorCodes.InvalidInput, "the body of the request must be application/json"),
            < 500 => (ErrorCodes.InvalidInput, $"the request was refused with status {status}"),
            StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout =>
                (ErrorCodes.ServerUnreachable, "the gateway runs, and no coordinator answers it"),
            _ => (ErrorCodes.Unexpected, "the service met an error that it does not know"),
        };
        return error == ErrorCodes.ServerUnreachable
            ? ErrorAnswer.WriteAsync(context, error, message, "Start the coordinator, or see in its log why it does not answer; what it was asked to do goes on then.")
            : ErrorAnswer.WriteAsync(context, error, message, status: status);
    }
}
