using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Gateway.Settings;
using StellaOps.Backup.Hosting.Errors;

namespace StellaOps.Backup.Gateway.Limits;

/// <summary>A token bucket per subject, so that a script that runs wild holds up nobody but itself.</summary>
internal static class LimitExtensions
{
    public static WebApplicationBuilder AddLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(Bucket);
            limiter.OnRejected = (rejected, _) => new ValueTask(AnswerAsync(rejected.HttpContext, rejected.Lease));
        });
        return builder;
    }

    private static RateLimitPartition<string> Bucket(HttpContext context)
    {
        if (context.User.FindFirst("sub")?.Value is not { } subject)
        {
            // Only the endpoints of the gateway itself answer without a token.
            return RateLimitPartition.GetNoLimiter("");
        }

        var settings = context.RequestServices.GetRequiredService<IOptions<GatewaySettings>>().Value;
        return RateLimitPartition.GetTokenBucketLimiter(subject, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = settings.Burst,
            TokensPerPeriod = settings.RequestsPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
    }

    private static Task AnswerAsync(HttpContext context, RateLimitLease lease)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter) ? retryAfter : TimeSpan.FromSeconds(1);
        var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return ErrorAnswer.WriteAsync(context, ErrorCodes.TooManyRequests, $"too many requests with this token in too short a time; the next may come in {seconds} s");
    }
}
