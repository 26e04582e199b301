using StellaOps.Backup.Gateway.Limits;
using StellaOps.Backup.Gateway.Proxy;
using StellaOps.Backup.Hosting.Security;

namespace StellaOps.Backup.Gateway;

/// <summary>What makes a service the gateway. No business logic: authenticate, limit, forward.</summary>
internal static class GatewayService
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.AddStellaAuthentication();
        builder.AddProxy();
        builder.AddLimits();
    }

    public static void Map(WebApplication app)
    {
        // After authentication: the limit is per subject.
        app.UseRateLimiter();
        app.MapProxy();
    }
}
