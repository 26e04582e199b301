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
        [.. (await AllAsync(cancellationToken)).Where(service => service.Status != "stopped").Select(service => service.Name)];

    /// <summary>The server; null where no such service is configured.</summary>
    public async Task<string?> ServerAsync(CancellationToken cancellationToken) =>
        await AllAsync(cancellationToken) is [var server, ..] ? server.Name : null;

    public Task StopAsync(IReadOnlyList<string> services, CancellationToken cancellationToken) => ActAsync("stop", services, cancellationToken);

    public Task StartAsync(IReadOnlyList<string> services, CancellationToken cancellationToken) => ActAsync("start", services, cancellationToken);

    private async Task<IReadOnlyList<ServiceHealth>> AllAsync(CancellationToken cancellationToken)
    {
        var health = await session.Api.GetAsync<HealthView>(Routes.Health, cancellationToken, HttpStatusCode.ServiceUnavailable);
        return [.. health.Services.Where(service => service.Group == "platform" && service.Components.Contains(Component.Database))];
    }

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
