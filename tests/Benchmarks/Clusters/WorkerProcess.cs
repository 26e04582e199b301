using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>The database worker as it is deployed: its own process, which takes tasks from a broker.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ, in which Linux tells times whatever its own clock.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly Dispatcher _dispatcher;
    private readonly string _log;

    private WorkerProcess(Process process, Dispatcher dispatcher, string log) => (_process, _dispatcher, _log) = (process, dispatcher, log);

    /// <summary>Largest resident memory since it started.</summary>
    public long PeakBytes => 1024 * long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>User and system time so far.</summary>
    public double ProcessorSeconds
    {
        get
        {
            // The name of the program stands in parentheses and may hold anything; utime and stime are fields 14 and 15 (proc(5)).
            var status = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    public static WorkerProcess Start(string program, string settings, string log, Dispatcher dispatcher)
    {
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$1\" >>\"$2\" 2>&1", "sh", program, log]) { Environment = { ["STELLA_CONFIG"] = settings } };
        return new WorkerProcess(Process.Start(start)!, dispatcher, log);
    }

    /// <summary>Waits until it takes tasks.</summary>
    public Task ReadyAsync(CancellationToken cancellationToken) => WaitAsync(() => Task.FromResult(_dispatcher.Hears(_process.Id)), cancellationToken);

    /// <summary>Tries a backup, as <c>stella backup test</c> does: the worker is in the state of one that has been there for a while.</summary>
    public Task TryAsync(CancellationToken cancellationToken) => RunAsync(
        task => task with { Kind = OperationKind.Trial, Trial = new TrialSpec { ExpectsLocation = false } }, cancellationToken);

    /// <summary>Takes a base backup.</summary>
    public async Task<(Measurement Cost, TaskResult Result)> BackupAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        return await BackupAtOnceAsync(cancellationToken);
    }

    /// <summary>The same while nothing else must be disturbed.</summary>
    public Task<(Measurement Cost, TaskResult Result)> BackupAtOnceAsync(CancellationToken cancellationToken) => MeasureAsync(
        task => task with { Backup = new BackupSpec { PointId = Guid.CreateVersion7(), PointName = "bench" } }, cancellationToken);

    /// <summary>Writes to the disk what others left in memory.</summary>
    public static Task SettleAsync(CancellationToken cancellationToken) => MeasuredProcess.RunAsync("sync", [], "/", new Dictionary<string, string>(), cancellationToken);

    /// <summary>Brings a snapshot back, in place or into an empty directory.</summary>
    public Task<(Measurement Cost, TaskResult Result)> RestoreAsync(string snapshot, string? target, CancellationToken cancellationToken, bool dryRun = false) => RunAsync(
        task => task with
        {
            Kind = OperationKind.Restore,
            Restore = new RestoreSpec { PointId = Guid.CreateVersion7(), PointName = "bench", SnapshotId = snapshot, TargetDirectory = target, DryRun = dryRun },
        },
        cancellationToken);

    /// <summary>Waits for something that the process brings about.</summary>
    /// <exception cref="BenchmarkException">It ended, or took too long.</exception>
    public async Task WaitAsync(Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Limit)
            {
                throw new BenchmarkException($"the worker {(_process.HasExited ? "ended" : "took too long")}: {await File.ReadAllTextAsync(_log, cancellationToken)}");
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task<(Measurement, TaskResult)> RunAsync(Func<RunTask, RunTask> kind, CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        return await MeasureAsync(kind, cancellationToken);
    }

    private async Task<(Measurement, TaskResult)> MeasureAsync(Func<RunTask, RunTask> kind, CancellationToken cancellationToken)
    {
        var task = kind(new RunTask { TaskId = Guid.CreateVersion7(), OperationId = Guid.CreateVersion7(), Component = Component.Database, Kind = OperationKind.Backup, Attempt = 1 });
        var (processor, started) = (ProcessorSeconds, Stopwatch.GetTimestamp());
        var result = await _dispatcher.RunAsync(task, cancellationToken);
        var cost = new Measurement(Stopwatch.GetElapsedTime(started).TotalSeconds, ProcessorSeconds - processor, PeakBytes);
        if (result.Restore is { Phases: { Count: > 0 } phases })
        {
            Console.Error.WriteLine($"    {string.Join(", ", phases.Select(phase => $"{phase.Phase} {phase.Duration.TotalSeconds:F2} s"))}");
        }

        return result.Outcome == Outcome.Complete
            ? (cost, result)
            : throw new BenchmarkException($"the worker's result is incomplete: {string.Join("; ", result.Missing.Select(missing => $"{missing.Path}: {missing.Reason}"))}");
    }
}
