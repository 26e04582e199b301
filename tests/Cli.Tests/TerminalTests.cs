using System.Diagnostics;
using System.Text.RegularExpressions;
using StellaOps.Backup.Cli.Tests.Server;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>What happens on a terminal only. <c>script</c> (util-linux) gives the program one.</summary>
public sealed partial class TerminalTests : IAsyncDisposable
{
    private const string Operation = "/api/v1/operations/0196a1b2-0000-7000-8000-0000000000aa";

    private static readonly RecordedAnswer[] Create =
    [
        RecordedAnswer.Parse("POST /api/v1/backups 202 operation-accepted.json"),
        RecordedAnswer.Parse($"GET {Operation}/events 200 create-complete.sse"),
    ];

    private static readonly RecordedAnswer[] Restore =
    [
        RecordedAnswer.Parse("GET /api/v1/points/nightly 200 point-full.json"),
        RecordedAnswer.Parse("POST /api/v1/restores 202 restore-accepted.json"),
        RecordedAnswer.Parse($"GET {Operation}/events 200 restore.sse"),
    ];

    private readonly StellaProgram _stella = new();
    private RecordedServer? _server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Progress_is_drawn_and_the_table_stays()
    {
        var (exit, shown, screen) = await RunAsync(Create, "backup create --full --name nightly", input: "");
        Assert.Equal(0, exit);
        Assert.Contains("database: started on database-backup@host1", shown, StringComparison.Ordinal);
        Assert.Contains("━━━", shown, StringComparison.Ordinal);
        Assert.Contains("read 12.0 MiB of 70.0 MiB, 5.2 MiB/s, 11s left", shown, StringComparison.Ordinal);
        Assert.Equal(
            [
                "COMPONENT  OUTCOME    FILES      SIZE     ADDED  DURATION  SNAPSHOT",
                "database   complete   1,204  70.0 MiB  12.0 MiB       42s  d1e2f3a4",
                "evidence   complete  20,480   1.1 GiB   1.0 MiB       26s  e1e2f3a4",
            ],
            screen.TakeLast(3));
    }

    [Fact]
    public async Task A_restore_shows_the_point_and_goes_on_when_its_name_is_typed()
    {
        var (exit, shown, _) = await RunAsync(Restore, "backup restore --name nightly", input: "nightly\n");
        Assert.Equal(0, exit);
        Assert.Contains("'nightly-20260117' was taken 2026-01-17T10:30:00Z, holds database,evidence,secrets, is proven", shown, StringComparison.Ordinal);
        Assert.Contains("Type 'nightly' to go on:", shown, StringComparison.Ordinal);
        Assert.Contains(_server!.Requests, request => request.StartsWith("POST /api/v1/restores", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_restore_is_not_started_when_something_else_is_typed()
    {
        var (exit, shown, _) = await RunAsync(Restore, "backup restore --name nightly", input: "yes\n");
        Assert.Equal(23, exit);
        Assert.Contains("not confirmed, nothing was changed", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(_server!.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Interrupting_detaches_and_says_how_to_go_on(int times)
    {
        await using var server = await StartAsync(
            RecordedAnswer.Parse("POST /api/v1/backups 202 operation-accepted.json"),
            RecordedAnswer.Parse($"GET {Operation}/events 200 create-first-half.sse hold"));
        // A shell that runs the tests in the background has them, and all below them, ignore the signal.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", StellaProgram.Path, "backup", "create", "--full", "--name", "nightly"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in _stella.EnvironmentFor(server.Address))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        while (await process.StandardError.ReadLineAsync(Cancel) is { } line && !line.Contains("read 12.0 MiB", StringComparison.Ordinal))
        {
        }

        var signals = string.Join(" && ", Enumerable.Repeat($"kill -INT {process.Id}", times));
        (await Processes.RunAsync("sh", ["-c", signals], cancellationToken: Cancel)).Checked();
        var rest = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("stopped watching operation 0196a1b2-0000-7000-8000-0000000000aa; it goes on", rest, StringComparison.Ordinal);
        Assert.Contains("stella operation show 0196a1b2-0000-7000-8000-0000000000aa --follow", rest, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, request => request.Contains("cancel", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        _stella.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static async Task<RecordedServer> StartAsync(params RecordedAnswer[] answers)
    {
        var server = await RecordedServer.StartAsync(Cancel);
        server.Play(answers);
        return server;
    }

    /// <summary>All that was ever shown, as text, and what stands on the screen at the end.</summary>
    private async Task<(int ExitStatus, string Shown, IReadOnlyList<string> Screen)> RunAsync(RecordedAnswer[] answers, string commandLine, string input)
    {
        _server = await StartAsync(answers);
        var environment = _stella.EnvironmentFor(_server.Address);
        environment["TERM"] = "xterm-256color";
        environment["COLUMNS"] = "120";
        var result = await Processes.RunAsync(
            "script", ["--quiet", "--return", "--command", $"stty cols 120; {StellaProgram.Path} {commandLine}", "/dev/null"], environment, input, cancellationToken: Cancel);
        return (result.ExitCode, ControlSequences().Replace(result.Output, ""), TerminalScreen.After(result.Output, columns: 120));
    }

    [GeneratedRegex(@"\x1B\[[0-9;?]*[A-Za-z]")]
    private static partial Regex ControlSequences();
}
