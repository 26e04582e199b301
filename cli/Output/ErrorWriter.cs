using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>The one form in which errors reach standard error: what and why, then the next step.</summary>
internal static class ErrorWriter
{
    public static void Write(TextWriter error, OutputFormat format, BackupException failure, string? traceId, bool verbose)
    {
        if (format != OutputFormat.Table)
        {
            var body = new ErrorEnvelope
            {
                Error = new ApiError { Code = failure.Error.Code, Message = failure.Message, Hint = failure.Hint, TraceId = traceId ?? "" },
            };
            error.WriteLine(ApiJson.Line(body));
            return;
        }

        error.WriteLine($"stella: error: {failure.Message}");
        error.WriteLine($"hint: {failure.Hint}");
        if (verbose)
        {
            error.WriteLine($"code: {failure.Error.Code}");
            error.WriteLine($"trace: {traceId ?? "none: the server was not asked"}");
        }
    }
}
