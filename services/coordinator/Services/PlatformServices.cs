using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Starts, stops and asks the services of the platform by the commands of the configuration.</summary>
internal sealed class PlatformServices(IOptions<ServiceControlSettings> settings, TimeProvider clock)
{
    private static readonly TimeSpan ActionLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StatusLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatusPause = TimeSpan.FromMilliseconds(250);

    public async Task<bool> IsRunningAsync(PlatformService service, CancellationToken cancellationToken) =>
        (await ShellCommand.RunAsync(service.Status, StatusLimit, clock, cancellationToken)).Succeeded;

    /// <summary>Every service with whether it runs, in start order.</summary>
    public async Task<IReadOnlyList<(PlatformService Service, bool Running)>> StatusAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(settings.Value.Services.Select(async service => (service, await IsRunningAsync(service, cancellationToken))));

    /// <summary>The services that run and write one of the components.</summary>
    public async Task<IReadOnlyList<PlatformService>> RunningWritersAsync(IReadOnlyList<Component> components, CancellationToken cancellationToken) =>
        [.. (await StatusAsync(cancellationToken))
            .Where(entry => entry.Running && entry.Service.Components.Intersect(components).Any())
            .Select(entry => entry.Service)];

    /// <summary>Stops in the reverse of the start order, so that nothing runs without what it needs.</summary>
    public Task<IReadOnlyList<ServiceActionResult>> StopAsync(ServiceActionRequest request, CancellationToken cancellationToken) =>
        EachAsync(Chosen(request).Reverse(), StopOneAsync, cancellationToken);

    public Task<IReadOnlyList<ServiceActionResult>> StartAsync(ServiceActionRequest request, CancellationToken cancellationToken) =>
        EachAsync(Chosen(request), StartOneAsync, cancellationToken);

    /// <summary>Graceful: one after the other, each running again before the next is touched. Otherwise: stop all, then start all.</summary>
    public async Task<IReadOnlyList<ServiceActionResult>> RestartAsync(ServiceActionRequest request, CancellationToken cancellationToken)
    {
        var all = request is { All: false, Services.Count: 0 } ? request with { All = true } : request;
        if (all.Graceful)
        {
            return await EachAsync(Chosen(all), RestartOneAsync, cancellationToken);
        }

        var stopped = await StopAsync(all, cancellationToken);
        return stopped.Any(result => !result.Succeeded) ? stopped : await StartAsync(all, cancellationToken);
    }

    private IReadOnlyList<PlatformService> Chosen(ServiceActionRequest request)
    {
        var services = settings.Value.Services;
        if (services.Count == 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, "no services of the platform are configured", "List them in the setting ServiceControl:Services of the coordinator.");
        }

        if (request.All == (request.Services.Count > 0))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either named services or all of them are wanted", "Name them with --service a,b, or use --all.");
        }

        var unknown = request.Services.Except(services.Select(service => service.Name)).ToList();
        return unknown.Count > 0
            ? throw new BackupException(ErrorCodes.ServiceNotFound, $"no service '{string.Join("', '", unknown)}' is configured", $"Configured are: {string.Join(", ", services.Select(service => service.Name))}.")
            : [.. services.Where(service => request.All || request.Services.Contains(service.Name))];
    }

    private static async Task<IReadOnlyList<ServiceActionResult>> EachAsync(
        IEnumerable<PlatformService> services, Func<PlatformService, CancellationToken, Task<ServiceActionResult>> act, CancellationToken cancellationToken)
    {
        var results = new List<ServiceActionResult>();
        foreach (var service in services)
        {
            results.Add(await act(service, cancellationToken));
        }

        return results;
    }

    private async Task<ServiceActionResult> StopOneAsync(PlatformService service, CancellationToken cancellationToken) =>
        !await IsRunningAsync(service, cancellationToken)
            ? Result(service, true, "was not running")
            : await ActAsync(service, service.Stop, running: false, "stopped", cancellationToken);

    private async Task<ServiceActionResult> StartOneAsync(PlatformService service, CancellationToken cancellationToken) =>
        await IsRunningAsync(service, cancellationToken)
            ? Result(service, true, "was running")
            : await ActAsync(service, service.Start, running: true, "started", cancellationToken);

    private async Task<ServiceActionResult> RestartOneAsync(PlatformService service, CancellationToken cancellationToken)
    {
        var stopped = await StopOneAsync(service, cancellationToken);
        return stopped.Succeeded ? await ActAsync(service, service.Start, running: true, "restarted", cancellationToken) : stopped;
    }

    /// <summary>A command that succeeded is believed only when the status says the same.</summary>
    private async Task<ServiceActionResult> ActAsync(PlatformService service, string command, bool running, string done, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var result = await ShellCommand.RunAsync(command, ActionLimit, clock, cancellationToken);
        if (!result.Succeeded)
        {
            return Result(service, false, $"the command exited with {result.ExitCode}: {result.Output}");
        }

        while (await IsRunningAsync(service, cancellationToken) != running)
        {
            if (clock.GetElapsedTime(startedAt) > ActionLimit)
            {
                return Result(service, false, $"the command succeeded, but the service {(running ? "does not run" : "still runs")}");
            }

            await Task.Delay(StatusPause, clock, cancellationToken);
        }

        return Result(service, true, done);
    }

    private static ServiceActionResult Result(PlatformService service, bool succeeded, string detail) =>
        new() { Service = service.Name, Succeeded = succeeded, Detail = detail };
}
