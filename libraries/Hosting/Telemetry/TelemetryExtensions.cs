using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Prometheus;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Hosting.Telemetry;

internal static class TelemetryExtensions
{
    private const string Timestamp = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";

    /// <summary>One line per record on standard output: plain, or JSON with <c>Logging:Format</c> = <c>json</c>; both with scopes.</summary>
    public static void AddLogs(this WebApplicationBuilder builder)
    {
        var logging = builder.Logging.ClearProviders();
        logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId);
        logging.AddJsonConsole(options =>
        {
            options.IncludeScopes = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = Timestamp.TrimEnd();
        });
        logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.IncludeScopes = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = Timestamp;
            options.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        builder.Services.AddOptions<ConsoleLoggerOptions>().Configure<IConfiguration>((options, configuration) =>
            options.FormatterName = string.Equals(configuration["Logging:Format"], "json", StringComparison.OrdinalIgnoreCase)
                ? ConsoleFormatterNames.Json
                : ConsoleFormatterNames.Simple);
    }

    /// <summary>
    /// Traces from the HTTP request over the bus to the work, under one id. They are always made, since logs and error
    /// answers carry the id; they are sent only with <c>Telemetry:OtlpEndpoint</c>.
    /// </summary>
    public static void AddTraces(this WebApplicationBuilder builder, string service)
    {
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true, SuppressMeters = true });
        var endpoint = builder.Configuration["Telemetry:OtlpEndpoint"];
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service, "stellaops"))
            .WithTracing(tracing =>
            {
                tracing.AddAspNetCoreInstrumentation(options => options.Filter = context =>
                    !context.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal)
                    && !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal));
                tracing.AddSource("MassTransit", BackupTelemetry.SourceName);
                if (!string.IsNullOrEmpty(endpoint))
                {
                    tracing.AddOtlpExporter(options => options.Endpoint = Address(endpoint));
                }
            });
    }

    private static Uri Address(string endpoint) => Uri.TryCreate(endpoint, UriKind.Absolute, out var address)
        ? address
        : throw new BackupException(ErrorCodes.NotConfigured, $"setting Telemetry:OtlpEndpoint is not an address: {endpoint}", "Write it like http://collector:4317.");
}
