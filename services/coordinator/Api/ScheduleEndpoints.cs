using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Schedules;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Schedules: look, set, pause, resume.</summary>
internal static class ScheduleEndpoints
{
    public static IEndpointRouteBuilder MapSchedules(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Routes.Schedules).WithTags("schedules");
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.Read);
        group.MapPut("/{type}", SetAsync).RequireAuthorization(Scopes.Admin);
        group.MapPost("/{type}/pause", PauseAsync).RequireAuthorization(Scopes.Admin);
        group.MapPost("/{type}/resume", ResumeAsync).RequireAuthorization(Scopes.Admin);
        return routes;
    }

    private static async Task<Page<ScheduleView>> ListAsync(ScheduleBook schedules, CancellationToken cancellationToken) =>
        new() { Items = await schedules.ReadAsync(cancellationToken) };

    private static Task<ScheduleView> SetAsync(string type, SetScheduleRequest request, HttpContext context, ScheduleBook schedules, CancellationToken cancellationToken) =>
        schedules.SetAsync(type, request, CallerOf.Subject(context), cancellationToken);

    private static Task<ScheduleView> PauseAsync(string type, HttpContext context, ScheduleBook schedules, CancellationToken cancellationToken) =>
        schedules.PauseAsync(type, CallerOf.Subject(context), cancellationToken);

    private static Task<ScheduleView> ResumeAsync(string type, HttpContext context, ScheduleBook schedules, CancellationToken cancellationToken) =>
        schedules.ResumeAsync(type, CallerOf.Subject(context), cancellationToken);
}
