using System.Net;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>The services of the platform that write the database, its server among them. The first one in start order is the server.</summary>
internal sealed class DatabaseServices(Session session)
{
    /// <summary>Those that run, in start order.</summary>
    public async Task<IReadOnlyList<string>> RunningAsync(CancellationToken cancellationToken) =>
        [.. (await PlatformAsync(cancellationToken)).Where(service => WritesDatabase(service) && IsRunning(service)).Select(service => service.Name)];

    /// <summary>The server; null where no such service is configured.</summary>
    public async Task<string?> ServerAsync(CancellationToken cancellationToken) =>
        (await PlatformAsync(cancellationToken)).FirstOrDefault(WritesDatabase)?.Name;

    /// <summary>The server, where of all services that write one of the components it is the only one that runs; else null.</summary>
    public async Task<string?> LastRunningAsync(IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        var platform = await PlatformAsync(cancellationToken);
        var running = platform.Where(service => IsRunning(service) && service.Components.Intersect(components).Any()).ToList();
        return running is [var last] && last == platform.FirstOrDefault(WritesDatabase) ? last.Name : null;
    }

    /// <summary>
    /// Does what wants services stopped. They run again when it went well; else whether the data is whole is for the error to say, and nothing that
    /// writes it is started before a human has read that.
    /// </summary>
    public async Task<int> WithoutAsync(IReadOnlyList<string> running, Func<Task<int>> work, CancellationToken cancellationToken)
    {
        try
        {
            await ActAsync("stop", running, cancellationToken);
            var status = await work();
            await StartAsync(running, cancellationToken);
            return status;
        }
        catch (Exception)
        {
            session.Remark($"not started again: {string.Join(", ", running)}. When the database is as it should be: stella service start --service {string.Join(',', running)}");
            throw;
        }
    }

    public Task StartAsync(IReadOnlyList<string> services, CancellationToken cancellationToken) => ActAsync("start", services, cancellationToken);

    private async Task<IReadOnlyList<ServiceHealth>> PlatformAsync(CancellationToken cancellationToken)
    {
        var health = await session.Api.GetAsync<HealthView>(Routes.Health, cancellationToken, HttpStatusCode.ServiceUnavailable);
        return [.. health.Services.Where(service => service.Group == "platform")];
    }

    private static bool WritesDatabase(ServiceHealth service) => service.Components.Contains(Component.Database);

    private static bool IsRunning(ServiceHealth service) => service.Status != "stopped";

    private async Task ActAsync(string action, IReadOnlyList<string> services, CancellationToken cancellationToken)
    {
        session.Remark($"{action} {string.Join(", ", services)}");
        var results = await session.Api.PostAsync<IReadOnlyList<ServiceActionResult>>(
            Paging.Below(Routes.Services, action), new ServiceActionRequest { Services = services }, ApiClient.Long, cancellationToken);
        if (results.FirstOrDefault(result => !result.Succeeded) is { } failed)
        {
            throw new BackupException(ErrorCodes.ServiceActionFailed, $"could not {action} {failed.Service}: {failed.Detail}");
        }
    }
}
