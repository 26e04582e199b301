using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
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

        Assert.Equal("api", Assert.Single(await services.RunningWritersAsync([Component.Evidence], token)).Service.Name);
        Assert.Empty(await services.RunningWritersAsync([Component.Keys], token));
    }

    /// <summary>Who believes that it stands still restores under a service that writes.</summary>
    [Theory]
    [InlineData("no-such-program-anywhere", "exited with 127")]
    [InlineData("exit 255", "exited with 255")]
    [InlineData("kill -KILL $$", "exited with 137")]
    [InlineData("http://127.0.0.1:9/status", null)]
    public async Task What_cannot_be_asked_is_not_taken_for_stopped(string status, string? doubt)
    {
        var token = TestContext.Current.CancellationToken;
        var service = Service("api", Component.Evidence);
        (service.Status, service.TimeoutSeconds) = (status, 1);
        await File.WriteAllTextAsync(_home["api"], "it runs", token);
        var services = Create(service);

        var writers = await services.RunningWritersAsync([Component.Evidence], token);
        var stopped = Assert.Single(await services.StopAsync(new ServiceActionRequest { All = true }, token));

        Assert.Equal(doubt is not null, writers.Any(state => state.Doubt?.Contains(doubt!, StringComparison.Ordinal) == true));
        Assert.Equal(doubt is null, stopped.Succeeded);
        if (doubt is not null)
        {
            Assert.StartsWith("it was told to, but whether it runs cannot be told", stopped.Detail, StringComparison.Ordinal);
            Assert.Equal(["stop api"], await File.ReadAllLinesAsync(_home["log"], token));
        }
    }

    [Fact]
    public async Task A_restart_brings_back_the_others_when_one_cannot_be_stopped()
    {
        var token = TestContext.Current.CancellationToken;
        var stubborn = Service("stubborn");
        stubborn.Stop = "exit 3";
        var services = Create(Service("db"), stubborn, Service("web"));
        await services.StartAsync(new ServiceActionRequest { All = true }, token);

        var results = await services.RestartAsync(new ServiceActionRequest { All = true }, token);

        Assert.Equal([("db", true), ("stubborn", false), ("web", true)], results.Select(result => (result.Service, result.Succeeded)));
        Assert.Equal([true, true, true], (await services.StatusAsync(token)).Select(state => state.Running));
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

    [Fact]
    public async Task A_service_waits_for_what_it_depends_on_and_says_so_when_that_does_not_run()
    {
        var token = TestContext.Current.CancellationToken;
        var api = Service("api");
        api.DependsOn.Add("db");
        var services = Create(api, Service("db"));

        var lonely = Assert.Single(await services.StartAsync(new ServiceActionRequest { Services = ["api"] }, token));
        Assert.Equal((false, "it needs db, which does not run: stella service start --service db,api"), (lonely.Succeeded, lonely.Detail));
        await services.StartAsync(new ServiceActionRequest { All = true }, token);
        Assert.Equal(["start db", "start api"], await File.ReadAllLinesAsync(_home["log"], token));

        Assert.Equal("stopped; still running and in need of it: api", Assert.Single(await services.StopAsync(new ServiceActionRequest { Services = ["db"] }, token)).Detail);
    }

    [Fact]
    public async Task A_graceful_restart_ends_at_the_first_service_that_is_not_healthy_again()
    {
        var token = TestContext.Current.CancellationToken;
        var (first, sick, last) = (Service("first"), Service("sick"), Service("last"));
        sick.Health = $"test -e {_home["sick"]} && test -e {_home["well"]}";
        sick.TimeoutSeconds = 1;
        await File.WriteAllTextAsync(_home["well"], "", token);
        var services = Create(first, sick, last);
        await services.StartAsync(new ServiceActionRequest { All = true }, token);
        File.Delete(_home["log"]);
        File.Delete(_home["well"]);
        Assert.Equal([true, false, true], (await services.StatusAsync(token)).Select(state => state.Healthy));

        var results = await services.RestartAsync(new ServiceActionRequest { All = true, Graceful = true }, token);

        Assert.Equal(["restarted", "it was told to, but after 1 seconds it runs and is not healthy", "left alone, because sick did not come back"], results.Select(result => result.Detail));
        Assert.Equal(["stop first", "start first", "stop sick", "start sick"], await File.ReadAllLinesAsync(_home["log"], token));
    }

    [Fact]
    public async Task A_service_may_be_controlled_by_hooks_over_http()
    {
        var token = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(_home["token"], "hook-token\n", token);
        var running = false;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var hooks = builder.Build();
        hooks.Use((context, next) => context.Request.Headers.Authorization == "Bearer hook-token" ? next(context) : Task.Run(() => context.Response.StatusCode = 401, token));
        hooks.MapPost("/start", () => running = true);
        hooks.MapPost("/stop", () => running = false);
        hooks.MapPost("/fail", () => Results.Text("the scheduler says no", statusCode: 409));
        hooks.MapGet("/status", () => running ? Results.Ok() : Results.NotFound());
        await hooks.StartAsync(token);
        var url = hooks.Urls.Single();
        var service = new PlatformService { Name = "api", Start = $"{url}/start", Stop = $"{url}/stop", Status = $"{url}/status", TokenFile = _home["token"] };
        var services = Create(service);

        Assert.Equal("started", Assert.Single(await services.StartAsync(new ServiceActionRequest { All = true }, token)).Detail);
        Assert.Equal("restarted", Assert.Single(await services.RestartAsync(new ServiceActionRequest { Graceful = true }, token)).Detail);
        Assert.Equal("stopped", Assert.Single(await services.StopAsync(new ServiceActionRequest { All = true }, token)).Detail);

        service.Start = $"{url}/fail";
        Assert.Equal("127.0.0.1 answered 409: the scheduler says no", Assert.Single(await services.StartAsync(new ServiceActionRequest { All = true }, token)).Detail);
        await hooks.StopAsync(token);
        Assert.Contains("does not answer", Assert.Single(await services.StartAsync(new ServiceActionRequest { All = true }, token)).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, true)]
    [InlineData(500, true)]
    [InlineData(404, false)]
    [InlineData(503, false)]
    public async Task A_hook_that_fails_has_not_said_that_the_service_is_stopped(int status, bool isDoubt)
    {
        var token = TestContext.Current.CancellationToken;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var hooks = builder.Build();
        hooks.MapGet("/status", () => Results.Text(new string('x', 1 << 20), statusCode: status));
        await hooks.StartAsync(token);

        var state = Assert.Single(await Create(new PlatformService { Name = "api", Start = "true", Stop = "true", Status = $"{hooks.Urls.Single()}/status" }).StatusAsync(token));

        Assert.Equal((false, isDoubt, !isDoubt), (state.Running, state.Doubt is not null, state.Stopped));
        Assert.True(state.Doubt is not { Length: > 400 }, "no more of an answer is kept than a line");
    }

    [Theory]
    [InlineData("active", 0, "runs, healthy")]
    [InlineData("activating", 3, "runs")]
    [InlineData("deactivating", 3, "runs")]
    [InlineData("reloading", 3, "runs")]
    [InlineData("inactive", 3, "stopped")]
    [InlineData("failed", 3, "stopped")]
    [InlineData("inactive", 4, "unknown")]
    [InlineData("", 1, "unknown")]
    public async Task A_unit_on_its_way_up_or_down_has_processes(string printed, int exit, string expected)
    {
        var token = TestContext.Current.CancellationToken;
        await ProgramAsync("systemctl", $"test -z '{printed}' || echo {printed}; exit {exit}", token);

        var state = Assert.Single(await Create(Here(new PlatformService { Name = "api", Systemd = "stella-api.service" })).StatusAsync(token));

        Assert.Equal(expected, state switch { { Healthy: true } => "runs, healthy", { Running: true } => "runs", { Stopped: true } => "stopped", _ => "unknown" });
    }

    [Theory]
    [InlineData("echo 0123456789ab", "restarting ", "runs")]
    [InlineData("echo 0123456789ab", "paused ", "runs")]
    [InlineData("echo 0123456789ab", "running ", "runs, healthy")]
    [InlineData("echo 0123456789ab", "running unhealthy", "runs")]
    [InlineData("true", "", "stopped")]
    [InlineData("echo 'no engine' >&2; exit 1", "", "unknown")]
    public async Task A_container_is_asked_of_its_engine_and_an_engine_that_is_away_says_nothing(string listing, string health, string expected)
    {
        var token = TestContext.Current.CancellationToken;
        await ProgramAsync("docker", $"case \"$*\" in *Health*) echo '{health}' ;; *) {listing} ;; esac", token);

        var state = Assert.Single(await Create(Here(new PlatformService { Name = "api", Compose = "api", ComposeDirectory = "/opt/stella" })).StatusAsync(token));

        Assert.Equal(expected, state switch { { Healthy: true } => "runs, healthy", { Running: true } => "runs", { Stopped: true } => "stopped", _ => "unknown" });
    }

    /// <summary>Neither systemd nor Docker runs everywhere: programs of their names say what they were called with.</summary>
    [Theory]
    [InlineData("systemctl", "is-active stella-api.service|start stella-api.service|is-active stella-api.service|is-active --quiet stella-api.service|is-active stella-api.service|stop stella-api.service|is-active stella-api.service")]
    [InlineData("docker", "compose --project-directory /opt/stella ps --quiet --status running --status restarting --status paused api|compose --project-directory /opt/stella up --detach --no-deps --no-recreate api|compose --project-directory /opt/stella ps --quiet --status running --status restarting --status paused api|compose --project-directory /opt/stella ps --format {{.State}} {{.Health}} api|compose --project-directory /opt/stella ps --quiet --status running --status restarting --status paused api|compose --project-directory /opt/stella stop api|compose --project-directory /opt/stella ps --quiet --status running --status restarting --status paused api")]
    public async Task Units_and_containers_are_controlled_by_their_own_programs(string program, string calls)
    {
        var token = TestContext.Current.CancellationToken;
        await ProgramAsync(program, $"""
            echo "$*" >> {_home["log"]}
            case "$*" in
              "start "* | *" up "*) touch {_home["running"]} ;;
              *" stop "* | "stop "*) rm {_home["running"]} ;;
              *Health*) echo running healthy ;;
              *is-active*) if test -e {_home["running"]}; then echo active; else echo inactive; exit 3; fi ;;
              *" ps "*) test ! -e {_home["running"]} || echo 0123456789ab ;;
            esac
            """, token);
        var service = new PlatformService { Name = "api", Systemd = program == "systemctl" ? "stella-api.service" : null, Compose = program == "docker" ? "api" : null, ComposeDirectory = "/opt/stella" };
        var services = Create(Here(service));

        Assert.Equal("started", Assert.Single(await services.StartAsync(new ServiceActionRequest { All = true }, token)).Detail);
        Assert.Equal("stopped", Assert.Single(await services.StopAsync(new ServiceActionRequest { All = true }, token)).Detail);
        Assert.Equal(calls.Split('|'), await File.ReadAllLinesAsync(_home["log"], token));
    }

    [Theory]
    [InlineData("exactly one way", "start", null, null, null, null)]
    [InlineData("exactly one way", null, "unit", "api", "/opt/stella", null)]
    [InlineData("no name of a unit", null, "a; reboot", null, null, null)]
    [InlineData("Compose wants ComposeDirectory", null, null, "api", "/opt/my stella", null)]
    [InlineData("depends on 'db', which is not configured", null, "unit", null, null, "db")]
    [InlineData("in a circle", null, "unit", null, null, "api")]
    public void A_service_that_cannot_be_controlled_stops_the_start(string expected, string? start, string? unit, string? compose, string? directory, string? needs)
    {
        var service = new PlatformService { Name = "api", Start = start ?? "", Systemd = unit, Compose = compose, ComposeDirectory = directory, DependsOn = needs is null ? [] : [needs] };
        var problem = Assert.Single(new ServiceControlSettings { Services = [service] }.Validate(new(service)));
        Assert.Contains(expected, problem.ErrorMessage, StringComparison.Ordinal);
    }

    private static PlatformServices Create(params PlatformService[] services) =>
        new(Options.Create(new ServiceControlSettings { Services = services }), TimeProvider.System);

    private async Task ProgramAsync(string name, string script, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(_home[name], $"#!/bin/sh\n{script}\n", cancellationToken);
        File.SetUnixFileMode(_home[name], UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>The same service by its commands, with our programs in front of those of the machine.</summary>
    private PlatformService Here(PlatformService service)
    {
        var commands = ServiceCommands.Of(service);
        return new() { Name = service.Name, Start = First(commands.Start), Stop = First(commands.Stop), Status = First(commands.Status), Health = commands.Health is { } health ? First(health) : null };

        string First(string command) => $"PATH={_home.Path}:$PATH; {command}";
    }

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
