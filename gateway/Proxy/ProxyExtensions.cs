using Microsoft.Extensions.Options;
using StellaOps.Backup.Gateway.Health;
using StellaOps.Backup.Gateway.Settings;
using StellaOps.Backup.Hosting.Settings;
using Yarp.ReverseProxy.Configuration;

namespace StellaOps.Backup.Gateway.Proxy;

/// <summary>Registers the proxy and puts it into the pipeline.</summary>
internal static class ProxyExtensions
{
    /// <summary>Bytes of a request's body; the largest that the API takes is a few kilobytes.</summary>
    private const long LargestBody = 1 << 20;

    public static WebApplicationBuilder AddProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<GatewaySettings>(GatewaySettings.Section);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = LargestBody);
        builder.Services.AddReverseProxy();
        builder.Services.AddSingleton<IProxyConfigProvider>(services => new InMemoryConfigProvider(
            ApiRoutes.Routes, [ApiRoutes.Cluster(services.GetRequiredService<IOptions<GatewaySettings>>().Value)]));
        return builder;
    }

    public static WebApplication MapProxy(this WebApplication app)
    {
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(RefuseLargeBody);
            proxy.UseMiddleware<HealthFallback>();
            proxy.UseLoadBalancing();
        });
        return app;
    }

    /// <summary>Kestrel notices while the body is read, which is after the coordinator was asked; a declared length is refused before.</summary>
    private static Task RefuseLargeBody(HttpContext context, RequestDelegate next) => context.Request.ContentLength > LargestBody
        ? throw new BadHttpRequestException("the body is too large", StatusCodes.Status413PayloadTooLarge)
        : next(context);
}
