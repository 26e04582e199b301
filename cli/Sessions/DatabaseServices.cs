using System.Net;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>The services of the platform that write the database, its server among them. The first one in start order is the server.</summary>
internal sealed class DatabaseServices(Session session)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

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
    /// Stops services, starts work that wants them stopped, follows it, and starts them again when it went well. They run again, too, where the work was
    /// refused: nothing was touched then. In all other cases whether the data is whole is for the error to say, and nothing that writes it is started
    /// before a human has read that.
    /// </summary>
    public async Task<int> WithoutAsync(IReadOnlyList<string> running, string path, object request, CancellationToken cancellationToken)
    {
        OperationView? accepted = null;
        var stopped = false;
        try
        {
            await ActAsync("stop", running, cancellationToken);
            stopped = true;
            accepted = await session.Api.StartAsync(HttpMethod.Post, path, request, cancellationToken);
            var status = await session.FollowAsync(accepted, cancellationToken);
            await StartAsync(running, cancellationToken);
            return status;
        }
        catch (BackupException refused) when (!stopped && (refused.Error == ErrorCodes.NotAuthenticated || refused.Error == ErrorCodes.NotAllowed))
        {
            // Before anything was asked of any service.
            throw With(refused, $"Nothing was stopped or changed: {string.Join(", ", running)} {(running.Count == 1 ? "runs" : "run")} on");
        }
        catch (BackupException failure)
        {
            throw accepted is null && !ApiClient.MayBeAccepted(failure) && await StartAgainAsync(running, cancellationToken)
                ? With(failure, $"Nothing was changed, and what was stopped for it runs again: {string.Join(", ", running)}")
                : With(failure, NotStarted(running));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(ErrorCodes.Detached, "interrupted", $"What was accepted goes on: 'stella operation list' shows it. {NotStarted(running)}");
        }
    }

    /// <summary>
    /// Says of services that write what was brought back, and are stopped, that they stay so: an earlier try may have stopped them, and nobody else would
    /// say it where this one went well.
    /// </summary>
    public async Task WarnOfStoppedAsync(IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        try
        {
            var stopped = (await PlatformAsync(cancellationToken)).Where(service => !IsRunning(service) && service.Components.Intersect(components).Any()).Select(service => service.Name).ToList();
            if (stopped.Count > 0)
            {
                session.Warn($"{string.Join(", ", stopped)} did not run before and {(stopped.Count == 1 ? "was" : "were")} not started", Start(stopped));
            }
        }
        catch (BackupException)
        {
            // The work is done, whether or not the services can be asked for.
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

    /// <summary>A gateway that restarts is waited for, as when work is followed; the end of somebody else's restore is not.</summary>
    private async Task<bool> StartAgainAsync(IReadOnlyList<string> services, CancellationToken cancellationToken)
    {
        var start = session.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                await StartAsync(services, cancellationToken);
                return true;
            }
            catch (BackupException e) when (e.Error.Retryable && e.Error != ErrorCodes.OperationConflict && session.Clock.GetElapsedTime(start) < session.Settings.Patience)
            {
                if (!await PauseAsync(cancellationToken))
                {
                    return false;
                }
            }
            catch (Exception e) when (e is BackupException or OperationCanceledException)
            {
                return false;
            }
        }
    }

    /// <summary>False when the human does not want to wait: what is stopped then has to be said all the same.</summary>
    private async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Pause, session.Clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }

    private static string NotStarted(IReadOnlyList<string> services) => $"Not started again: {string.Join(", ", services)}. When the database is as it should be: {Start(services)}";

    private static string Start(IReadOnlyList<string> services) => $"stella service start --service {string.Join(',', services)}";

    private static BackupException With(BackupException failure, string next) =>
        new(failure.Error, failure.Message, $"{failure.Hint}{(failure.Hint.EndsWith('.') ? "" : ".")} {next}", failure);
}
