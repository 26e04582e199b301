using System.Text.Json;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Recoveries;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A recovery in a process of its own: this program again, with an order in its environment. It kills itself where the order says.</summary>
public sealed class RecoveryProcess
{
    private const string Variable = "STELLA_TEST_RECOVERY_ORDER";
    private const int Killed = 128 + 9;

    /// <summary>Runs it and requires that it was killed (SIGKILL: nothing is flushed, nobody is told).</summary>
    internal static async Task DieAsync(RecoveryOrder order)
    {
        var result = await Processes.RunAsync(
            Path.Combine(AppContext.BaseDirectory, "StellaOps.Backup.DatabaseBackup.Tests"),
            ["--progress", "off", "--explicit", "only", "--filter-method", $"*.{nameof(RecoveryProcess)}.{nameof(Recovers_as_it_was_ordered)}"],
            new Dictionary<string, string?> { [Variable] = JsonSerializer.Serialize(order) },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == Killed, $"was not killed: {result.ExitCode}\n{result.Output}\n{result.Error}");
    }

    [Fact(Explicit = true)]
    public async Task Recovers_as_it_was_ordered()
    {
        var order = JsonSerializer.Deserialize<RecoveryOrder>(Environment.GetEnvironmentVariable(Variable) ?? throw new InvalidOperationException($"{Variable} is not set"))!;
        await using var store = new LocalObjectStore(order.Repository);
        await using var files = new LocalObjectStore(order.Location);
        await using var repository = await ResticRepository.OpenAsync(store, RecoveryBench.Password, cancellationToken: TestContext.Current.CancellationToken);
        await repository.LoadIndexAsync(TestContext.Current.CancellationToken);
        var task = new TestTask().Context;

        // The last segment never comes: the replay cannot end before this process does.
        var location = new FaultyStore(files, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Read && call.Key.Contains(order.Last, StringComparison.Ordinal) && task.Progress.Read().Phase == "replay",
            Delay = cancelled => Task.Delay(Timeout.Infinite, cancelled),
        });
        new Thread(() => DieAt(order, task.Progress)) { IsBackground = true }.Start();
        await new RecoveryJob(repository, location, order.Settings, TimeProvider.System).RunAsync(task, order.Recovery, TestContext.Current.CancellationToken);
    }

    private static void DieAt(RecoveryOrder order, TaskProgressMeter meter)
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        using var tick = new ManualResetEventSlim();
        while (meter.Read() is var now && (now.Phase != order.Phase || now.FilesDone < order.Count))
        {
            tick.Wait(1);
        }

        self.Kill();
    }
}

/// <summary>What to recover, and where to die.</summary>
/// <param name="Repository">Directory of the repository.</param>
/// <param name="Location">Directory of the location.</param>
/// <param name="Settings">Settings of the worker.</param>
/// <param name="Recovery">The task.</param>
/// <param name="Last">Segment in which the target is.</param>
/// <param name="Phase">Phase in which to die.</param>
/// <param name="Count">Files, or segments, of that phase to see before.</param>
internal sealed record RecoveryOrder(string Repository, string Location, DatabaseSettings Settings, RecoverySpec Recovery, string Last, string Phase, long Count);
