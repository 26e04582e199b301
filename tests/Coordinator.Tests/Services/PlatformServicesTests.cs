using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Services;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Coordinator.Tests.Services;

public sealed class PlatformServicesTests : IDisposable
{
    private readonly TemporaryDirectory _home = new("stella-ps-");

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Services_start_in_order_and_stop_in_reverse()
    {
        var token = TestContext.Current.CancellationToken;
        var services = Create(Service("db"), Service("api"), Service("web"));

        await services.StartAsync(new ServiceActionRequest { All = true }, token);
        await services.StopAsync(new ServiceActionRequest { Services = ["web", "db"] }, token);

        Assert.Equal(["start db", "start api", "start web", "stop web", "stop db"], await File.ReadAllLinesAsync(_home["log"], token));
        Assert.Equal([false, true, false], (await services.StatusAsync(token)).Select(entry => entry.Running));
    }

    [Fact]
    public async Task A_graceful_restart_has_one_service_down_at_a_time()
    {
        var token = TestContext.Current.CancellationToken;
        var services = Create(Service("api"), Service("web"));
        await services.StartAsync(new ServiceActionRequest { All = true }, token);
        File.Delete(_home["log"]);

        var results = await services.RestartAsync(new ServiceActionRequest { Graceful = true }, token);

        Assert.All(results, result => Assert.True(result.Succeeded, result.Detail));
        Assert.Equal(["stop api", "start api", "stop web", "start web"], await File.ReadAllLinesAsync(_home["log"], token));
    }

    [Fact]
    public async Task What_is_done_already_is_not_done_again()
    {
        var token = TestContext.Current.CancellationToken;
        var services = Create(Service("api"));

        var result = Assert.Single(await services.StopAsync(new ServiceActionRequest { All = true }, token));

        Assert.Equal((true, "was not running"), (result.Succeeded, result.Detail));
        Assert.False(File.Exists(_home["log"]));
    }

    [Fact]
    public async Task A_command_that_fails_is_reported_with_what_it_said()
    {
        var token = TestContext.Current.CancellationToken;
        var broken = Service("api");
        broken.Start = "echo 'port 80 is taken' >&2; exit 3";

        var result = Assert.Single(await Create(broken).StartAsync(new ServiceActionRequest { All = true }, token));

        Assert.False(result.Succeeded);
        Assert.StartsWith("the command exited with 3", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_command_may_leave_a_process_that_holds_its_output()
    {
        var token = TestContext.Current.CancellationToken;
        var service = Service("api");
        service.Start = $"sleep 300 & echo $! > {_home["pid"]}; touch {_home["api"]}";

        try
        {
            Assert.True(Assert.Single(await Create(service).StartAsync(new ServiceActionRequest { All = true }, token)).Succeeded);
        }
        finally
        {
            await Processes.RunAsync("kill", [(await File.ReadAllTextAsync(_home["pid"], token)).Trim()], cancellationToken: token);
        }
    }

    [Fact]
    public async Task Writers_of_a_component_are_known_while_they_run()
    {
        var token = TestContext.Current.CancellationToken;
        var api = Service("api", Component.Database, Component.Evidence);
        var services = Create(api, Service("web"));
        Assert.Empty(await services.RunningWritersAsync([Component.Evidence], token));

        await services.StartAsync(new ServiceActionRequest { All = true }, token);

        Assert.Equal("api", Assert.Single(await services.RunningWritersAsync([Component.Evidence], token)).Name);
        Assert.Empty(await services.RunningWritersAsync([Component.Keys], token));
    }

    [Fact]
    public async Task A_service_that_is_not_configured_is_refused_before_anything_is_done()
    {
        var token = TestContext.Current.CancellationToken;
        var services = Create(Service("api"));

        var unknown = await Assert.ThrowsAsync<BackupException>(() => services.StartAsync(new ServiceActionRequest { Services = ["api", "apy"] }, token));
        var neither = await Assert.ThrowsAsync<BackupException>(() => services.StartAsync(new ServiceActionRequest(), token));

        Assert.Equal(ErrorCodes.ServiceNotFound, unknown.Error);
        Assert.Equal(ErrorCodes.InvalidInput, neither.Error);
        Assert.False(File.Exists(_home["log"]));
    }

    private static PlatformServices Create(params PlatformService[] services) =>
        new(Options.Create(new ServiceControlSettings { Services = services }), TimeProvider.System);

    /// <summary>A service that runs while its file exists.</summary>
    private PlatformService Service(string name, params Component[] components) => new()
    {
        Name = name,
        Start = $"echo start {name} >> {_home["log"]}; touch {_home[name]}",
        Stop = $"echo stop {name} >> {_home["log"]}; rm {_home[name]}",
        Status = $"test -e {_home[name]}",
        Components = components,
    };
}
