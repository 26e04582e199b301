using StellaOps.Backup.Gateway.Settings;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace StellaOps.Backup.Gateway.Proxy;

/// <summary>What goes where: the API and its description, to any coordinator that lives.</summary>
internal static class ApiRoutes
{
    private const string Coordinators = "coordinators";

    /// <summary>Everything here needs a token; what it may do is the coordinator's decision.</summary>
    public static IReadOnlyList<RouteConfig> Routes { get; } =
    [
        Route("api", "/api/{**rest}"),
        Route("openapi", "/openapi/{**rest}"),
    ];

    public static ClusterConfig Cluster(GatewaySettings settings) => new()
    {
        ClusterId = Coordinators,
        LoadBalancingPolicy = LoadBalancingPolicies.RoundRobin,
        Destinations = settings.Coordinators.Index().ToDictionary(
            coordinator => $"coordinator-{coordinator.Index}", coordinator => new DestinationConfig { Address = coordinator.Item }),
        HealthCheck = new HealthCheckConfig
        {
            // With none alive every one is tried, so that one that comes back is found before its next check.
            AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
            Active = new ActiveHealthCheckConfig
            {
                Enabled = true,
                Path = "/health/live",
                Interval = TimeSpan.FromSeconds(2),
                Timeout = TimeSpan.FromSeconds(2),
                Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures,
            },
        },

        // Between two bytes: an operation's event stream may be silent for minutes.
        HttpRequest = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromMinutes(10), AllowResponseBuffering = false },
    };

    private static RouteConfig Route(string id, string path) => new()
    {
        RouteId = id,
        ClusterId = Coordinators,
        Match = new RouteMatch { Path = path },
        AuthorizationPolicy = "default",
    };
}
