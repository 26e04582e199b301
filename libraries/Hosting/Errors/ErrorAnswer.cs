using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Hosting.Errors;

/// <summary>Writes the body that every answer has that is not a success.</summary>
public static class ErrorAnswer
{
    /// <summary>Answers with a row of the error table.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">Row of the table; gives the status unless <paramref name="status"/> does.</param>
    /// <param name="message">What and why.</param>
    /// <param name="hint">Next step; null takes that of the row.</param>
    /// <param name="status">HTTP status where it says more than that of the row (405, 413, 429 ...).</param>
    public static Task WriteAsync(HttpContext context, ErrorCode error, string message, string? hint = null, int? status = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(error);
        context.Response.StatusCode = status ?? error.HttpStatus;
        if (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable && context.Response.Headers.RetryAfter.Count == 0)
        {
            context.Response.Headers.RetryAfter = 5.ToString(CultureInfo.InvariantCulture);
        }

        var envelope = new ErrorEnvelope
        {
            Error = new ApiError
            {
                Code = error.Code,
                Message = message,
                Hint = hint ?? error.Hint,
                TraceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
            },
        };
        return context.Response.WriteAsJsonAsync(envelope, ServiceJson.Options, context.RequestAborted);
    }
}
