using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Services;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Services of the platform: stop, start, restart.</summary>
internal static class ServiceEndpoints
{
    public static IEndpointRouteBuilder MapServices(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Routes.Services).WithTags("services").RequireAuthorization(Scopes.Admin);
        Map(group, "stop", starts: false, (services, request, cancellationToken) => services.StopAsync(request, cancellationToken));
        Map(group, "start", starts: true, (services, request, cancellationToken) => services.StartAsync(request, cancellationToken));
        Map(group, "restart", starts: true, (services, request, cancellationToken) => services.RestartAsync(request, cancellationToken));
        return routes;
    }

    private static void Map(
        IEndpointRouteBuilder group, string action, bool starts, Func<PlatformServices, ServiceActionRequest, CancellationToken, Task<IReadOnlyList<ServiceActionResult>>> act) =>
        group.MapPost($"/{action}", async (
            ServiceActionRequest request, HttpContext context, PlatformServices services, RestoresUnderWay restores, CatalogContext catalog, AuditLog audit,
            IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
        {
            if (starts)
            {
                await restores.RequireNoneOfAsync(services.WrittenBy(request), cancellationToken);
            }

            await using (var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken))
            {
                var subject = request.All ? "all" : string.Join(',', request.Services);
                await audit.AppendAsync(CallerOf.Subject(context), $"service.{action}", subject, null, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }

            // A caller that goes away does not leave a service that was stopped and should have been started again.
            return await act(services, request, lifetime.ApplicationStopping);
        });
}
