using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.Hosting.Errors;
using StellaOps.Backup.Hosting.Health;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Hosting.Telemetry;

namespace StellaOps.Backup.Hosting;

/// <summary>What every service of Stella Ops Backup has in common.</summary>
public static class StellaServiceExtensions
{
    /// <summary>
    /// Configuration sources, logs, traces, metrics, health and JSON as every service has them. Call it first: it replaces
    /// the configuration sources of the builder.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="name">Name of the service, <c>coordinator</c>, <c>evidence-backup</c> ...</param>
    public static WebApplicationBuilder AddStellaService(this WebApplicationBuilder builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Configuration.UseServiceSources();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new ServiceIdentity(name, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSettings<ListenSettings>(ListenSettings.Section);
        builder.Services.Configure<JsonOptions>(options => ServiceJson.Apply(options.SerializerOptions));
        builder.Services.Configure<Microsoft.AspNetCore.Routing.RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddHealthChecks();
        builder.AddLogs();
        builder.AddTraces(name);
        return builder;
    }

    /// <summary>
    /// The shared part of the request pipeline: errors as envelopes, metrics, authentication where it was added, and the
    /// endpoints <c>/metrics</c>, <c>/health/live</c> and <c>/health/ready</c>.
    /// </summary>
    public static WebApplication UseStellaService(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Urls.Clear();
        foreach (var address in app.Services.GetRequiredService<IOptions<ListenSettings>>().Value.Addresses)
        {
            app.Urls.Add(address);
        }

        app.UseMiddleware<ErrorMiddleware>();
        app.UseRouting();
        app.UseHttpMetrics();
        if (app.Services.GetService<Microsoft.AspNetCore.Authentication.IAuthenticationSchemeProvider>() is not null)
        {
            app.UseAuthentication();
            app.UseAuthorization();
        }

        app.MapMetrics("/metrics");
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = HealthAnswer.WriteAsync });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(HealthAnswer.Ready),
            ResponseWriter = HealthAnswer.WriteAsync,
        });
        return app;
    }
}
