using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace StellaOps.Backup.Gateway.Health;

/// <summary>The health of all services is the coordinator's answer. When there is no coordinator to give it, that is the answer.</summary>
internal sealed class HealthFallback(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var failed = context.Features.Get<IForwarderErrorFeature>() is not null || context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable;
        if (failed && !context.Response.HasStarted && context.Request.Path == Routes.Health && HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsJsonAsync(NoCoordinator, ServiceJson.Options, context.RequestAborted);
        }
    }

    private static HealthView NoCoordinator { get; } = new()
    {
        Status = "unhealthy",
        Services =
        [
            new ServiceHealth { Name = "gateway", Group = "backup", Status = "healthy", Instances = 1 },
            new ServiceHealth
            {
                Name = "coordinator",
                Group = "backup",
                Status = "unhealthy",
                Detail = "no coordinator answers; without it nothing is known of the other services",
            },
        ],
    };
}
