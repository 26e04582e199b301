using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Starts, stops and asks the services of the platform as the configuration says.</summary>
internal sealed class PlatformServices(IOptions<ServiceControlSettings> settings, TimeProvider clock)
{
    private static readonly TimeSpan StatusLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatusPause = TimeSpan.FromMilliseconds(250);
    private readonly Lazy<IReadOnlyList<PlatformService>> _ordered = new(() => ServiceOrder.Of(settings.Value.Services)!);

    /// <summary>Every service with whether it runs and is healthy, in start order.</summary>
    public Task<IReadOnlyList<ServiceState>> StatusAsync(CancellationToken cancellationToken) => StatusAsync(_ => true, cancellationToken);

    /// <summary>The services that write one of the components and run, or may run: one that cannot be asked may be at work.</summary>
    public async Task<IReadOnlyList<ServiceState>> RunningWritersAsync(IReadOnlyList<Component> components, CancellationToken cancellationToken) =>
        [.. (await StatusAsync(service => service.Components.Intersect(components).Any(), cancellationToken)).Where(state => !state.Stopped)];

    /// <summary>What the services that a request names write; one that names none means all.</summary>
    public IReadOnlyList<Component> WrittenBy(ServiceActionRequest request) => [.. Chosen(OrAll(request)).SelectMany(service => service.Components).Distinct().Order()];

    /// <summary>Stops in the reverse of the start order, so that nothing runs without what it needs.</summary>
    public Task<IReadOnlyList<ServiceActionResult>> StopAsync(ServiceActionRequest request, CancellationToken cancellationToken) =>
        EachAsync(Chosen(request).Reverse(), StopOneAsync, cancellationToken);

    public Task<IReadOnlyList<ServiceActionResult>> StartAsync(ServiceActionRequest request, CancellationToken cancellationToken) =>
        EachAsync(Chosen(request), StartOneAsync, cancellationToken);

    /// <summary>
    /// Graceful: one after the other, each healthy again before the next is touched; when one is not, the others are left alone. Otherwise: stop
    /// all, then start all. One that cannot be stopped is reported, and the others come back all the same.
    /// </summary>
    public async Task<IReadOnlyList<ServiceActionResult>> RestartAsync(ServiceActionRequest request, CancellationToken cancellationToken)
    {
        var chosen = Chosen(OrAll(request));
        if (request.Graceful)
        {
            return await UntilOneFailsAsync(chosen, cancellationToken);
        }

        var stopped = (await EachAsync(chosen.Reverse(), StopOneAsync, cancellationToken)).ToDictionary(result => result.Service);
        return await EachAsync(
            chosen, (service, token) => stopped[service.Name] is { Succeeded: false } failed ? Task.FromResult(failed) : StartOneAsync(service, token), cancellationToken);
    }

    private static ServiceActionRequest OrAll(ServiceActionRequest request) => request is { All: false, Services.Count: 0 } ? request with { All = true } : request;

    private IReadOnlyList<PlatformService> Chosen(ServiceActionRequest request)
    {
        var services = _ordered.Value;
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

    private async Task<IReadOnlyList<ServiceActionResult>> UntilOneFailsAsync(IReadOnlyList<PlatformService> services, CancellationToken cancellationToken)
    {
        var results = new List<ServiceActionResult>();
        foreach (var service in services)
        {
            results.Add(results.Find(result => !result.Succeeded) is { } failed
                ? Result(service, false, $"left alone, because {failed.Service} did not come back")
                : await RestartOneAsync(service, cancellationToken));
        }

        return results;
    }

    private async Task<ServiceActionResult> StopOneAsync(PlatformService service, CancellationToken cancellationToken)
    {
        if ((await StateAsync(service, askHealth: false, cancellationToken)).Stopped)
        {
            return Result(service, true, "was not running");
        }

        var result = await ActAsync(service, ServiceCommands.Of(service).Stop, running: false, "stopped", cancellationToken);
        var widows = (await StatusAsync(other => other.DependsOn.Contains(service.Name), cancellationToken)).Where(state => state.Running).Select(state => state.Service.Name).ToList();
        return result.Succeeded && widows.Count > 0 ? result with { Detail = $"stopped; still running and in need of it: {string.Join(", ", widows)}" } : result;
    }

    private async Task<ServiceActionResult> StartOneAsync(PlatformService service, CancellationToken cancellationToken)
    {
        if (await StateAsync(service, askHealth: true, cancellationToken) is { Healthy: true })
        {
            return Result(service, true, "was running");
        }

        var lacking = (await StatusAsync(other => service.DependsOn.Contains(other.Name), cancellationToken)).Where(state => state.Stopped).Select(state => state.Service.Name).ToList();
        return lacking.Count > 0
            ? Result(service, false, $"it needs {string.Join(", ", lacking)}, which {(lacking.Count == 1 ? "does" : "do")} not run: stella service start --service {string.Join(',', lacking)},{service.Name}")
            : await ActAsync(service, ServiceCommands.Of(service).Start, running: true, "started", cancellationToken);
    }

    private async Task<ServiceActionResult> RestartOneAsync(PlatformService service, CancellationToken cancellationToken)
    {
        var stopped = await StopOneAsync(service, cancellationToken);
        return stopped.Succeeded ? await ActAsync(service, ServiceCommands.Of(service).Start, running: true, "restarted", cancellationToken) : stopped;
    }

    /// <summary>A command that succeeded is believed only when status and health say the same.</summary>
    private async Task<ServiceActionResult> ActAsync(PlatformService service, string action, bool running, string done, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var limit = TimeSpan.FromSeconds(service.TimeoutSeconds);
        var answer = await ServiceCall.RunAsync(action, HttpMethod.Post, service.TokenFile, limit, clock, cancellationToken);
        if (!answer.Succeeded)
        {
            return Result(service, false, answer.Detail);
        }

        while (true)
        {
            var state = await StateAsync(service, askHealth: running, cancellationToken);
            if (running ? state.Healthy : state.Stopped)
            {
                return Result(service, true, done);
            }

            if (clock.GetElapsedTime(startedAt) > limit)
            {
                return Result(service, false, state.Doubt is { } doubt
                    ? $"it was told to, but whether it runs cannot be told: {doubt}"
                    : $"it was told to, but after {service.TimeoutSeconds} seconds it {(!running ? "still runs" : state.Running ? "runs and is not healthy" : "does not run")}");
            }

            await Task.Delay(StatusPause, clock, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<ServiceState>> StatusAsync(Func<PlatformService, bool> wanted, CancellationToken cancellationToken) =>
        await Task.WhenAll(_ordered.Value.Where(wanted).Select(service => StateAsync(service, askHealth: true, cancellationToken)));

    private async Task<ServiceState> StateAsync(PlatformService service, bool askHealth, CancellationToken cancellationToken)
    {
        var commands = ServiceCommands.Of(service);
        var status = await AskAsync(service, commands.Status, cancellationToken);
        var healthy = status.Succeeded && (!askHealth || commands.Health is not { } health || (await AskAsync(service, health, cancellationToken)).Succeeded);
        return new ServiceState(service, status.Succeeded, healthy, status is { Succeeded: false, Answered: false } ? status.Detail : null);
    }

    private Task<ServiceAnswer> AskAsync(PlatformService service, string question, CancellationToken cancellationToken) =>
        ServiceCall.RunAsync(question, HttpMethod.Get, service.TokenFile, StatusLimit, clock, cancellationToken);

    private static ServiceActionResult Result(PlatformService service, bool succeeded, string detail) =>
        new() { Service = service.Name, Succeeded = succeeded, Detail = detail };
}

/// <summary>A service now.</summary>
/// <param name="Service">The service.</param>
/// <param name="Running">Its status says so.</param>
/// <param name="Healthy">It runs, and its health says so.</param>
/// <param name="Doubt">Why it cannot be told whether it runs; null when it can.</param>
internal sealed record ServiceState(PlatformService Service, bool Running, bool Healthy, string? Doubt)
{
    /// <summary>Its status said that it does not run. What is not <see cref="Running"/> may be at work all the same, where nobody knows.</summary>
    public bool Stopped => !Running && Doubt is null;
}
