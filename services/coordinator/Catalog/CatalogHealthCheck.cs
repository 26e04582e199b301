using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>For <c>/health/ready</c>: the catalog answers.</summary>
internal sealed class CatalogHealthCheck(CatalogContext catalog) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await catalog.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("the catalog database does not answer");
}
