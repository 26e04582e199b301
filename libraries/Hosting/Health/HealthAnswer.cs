using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StellaOps.Backup.Hosting.Health;

/// <summary>Answers of <c>/health/live</c> and <c>/health/ready</c>.</summary>
public static class HealthAnswer
{
    /// <summary>Tag of the health checks that <c>/health/ready</c> asks.</summary>
    public const string Ready = "ready";

    internal static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new
        {
            status = Word(report.Status),
            checks = report.Entries.Select(entry => new { name = entry.Key, status = Word(entry.Value.Status), detail = entry.Value.Description }),
        },
        context.RequestAborted);

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
