using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Diagnostics;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>How things stand: status, health, doctor.</summary>
internal static class StatusEndpoints
{
    public static IEndpointRouteBuilder MapStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Status, (StatusReport report, CancellationToken cancellationToken) => report.ReadAsync(cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("status");
        routes.MapGet(Routes.Storage, (StorageReport report, CancellationToken cancellationToken) => report.ReadAsync(cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("status");
        routes.MapGet(Routes.Health, HealthAsync).RequireAuthorization(Scopes.Read).WithTags("status").Produces<HealthView>();
        routes.MapPost(Routes.Doctor, (DoctorRequest request, DoctorVisit doctor, CancellationToken cancellationToken) => doctor.ExamineAsync(request, cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("status");
        routes.MapGet(Routes.Diagnostics, (DiagnosticsReport report, CancellationToken cancellationToken) => report.ReadAsync(cancellationToken))
            .RequireAuthorization(Scopes.Admin).WithTags("status");
        return routes;
    }

    private static async Task<IResult> HealthAsync(HealthReport report, CancellationToken cancellationToken, bool now = false)
    {
        var view = await report.ReadAsync(now, cancellationToken);
        return TypedResults.Json(view, statusCode: view.Status == "unhealthy" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}
