using System.Diagnostics;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>Where an operator sits: types the commands of one section as the runbook has them, and looks what came of each.</summary>
internal sealed class Desk(Deployment deployment, IReadOnlyList<RunbookLine> lines, Report report)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10), Pause = TimeSpan.FromMilliseconds(200);
    private readonly Queue<RunbookLine> _untyped = new(lines);

    public Deployment Deployment => deployment;

    public LocalStack Stack => deployment.Stack;

    public StellaCli Stella => Stack.Stella;

    public Platform Platform => Stack.Platform;

    /// <summary>What is typed in place of what the runbook leaves open.</summary>
    public Dictionary<string, string> Fill { get; } = new(StringComparer.Ordinal);

    /// <summary>Commands that were not typed yet.</summary>
    public IEnumerable<RunbookLine> Untyped => _untyped;

    /// <summary>Types the next command of the section.</summary>
    /// <param name="command">As the runbook has it.</param>
    /// <param name="check">Looks at the effect; throws where it is not there.</param>
    /// <param name="status">Exit status that it has to end with.</param>
    /// <param name="answer">Typed at the question of a command that asks one, on a terminal.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task TypeAsync(string command, Func<Typed, Task> check, CancellationToken cancellationToken, int status = 0, string? answer = null)
    {
        var line = _untyped.TryPeek(out var next) && next.Command == command
            ? _untyped.Dequeue()
            : throw new InvalidOperationException($"runbook.txt has not '{command}' here, but '{next?.Command}'");
        var started = Stopwatch.GetTimestamp();
        try
        {
            var result = await RunAsync(Fill.Aggregate(command, (text, pair) => text.Replace(pair.Key, pair.Value, StringComparison.Ordinal)), answer, cancellationToken);
            var typed = new Typed(result.Output, result.Error);
            Assert.True(result.ExitCode == status, $"exit status {result.ExitCode}, {status} was expected\n{typed.All}");
            await check(typed);
            report.Add(line, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Any failure of a command or of a look at its effect is a line of the table.
            report.Add(line, Stopwatch.GetElapsedTime(started), failure);
            throw new StepFailedException(line);
        }
    }

    public Task TypeAsync(string command, Action<Typed> check, CancellationToken cancellationToken, int status = 0, string? answer = null) => TypeAsync(command, typed =>
    {
        check(typed);
        return Task.CompletedTask;
    }, cancellationToken, status, answer);

    /// <summary>Waits for what comes by itself.</summary>
    public static async Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < limit, $"not within {limit.TotalSeconds:0} seconds: {what}");
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>All points, newest first.</summary>
    public async Task<IReadOnlyList<PointView>> PointsAsync(string options, CancellationToken cancellationToken) =>
        (await Stella.JsonAsync<Page<PointView>>($"backup list{options}", cancellationToken)).Items;

    private async Task<ProcessResult> RunAsync(string command, string? answer, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        var environment = await deployment.ShellAsync(limit.Token);
        return answer is null
            ? await Processes.RunAsync("bash", ["-c", command], environment, cancellationToken: limit.Token)
            : await Processes.RunAsync("script", ["--quiet", "--return", "--command", command, "/dev/null"], environment, $"{answer}\n", cancellationToken: limit.Token);
    }
}
