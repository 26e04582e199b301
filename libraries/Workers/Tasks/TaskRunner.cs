using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers.Coordination;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>
/// Runs claimed tasks; each takes a slot until it is over, but for those that fill the secondary location: they may last for hours, and let others
/// go first. At an orderly stop it hands all of them back.
/// </summary>
internal sealed class TaskRunner(
    RunningTaskFactory factory, TaskSlots slots, WorkerComponents components, QueueMembership membership, IEnumerable<IClusterSource> clusters)
    : IHostedService, IServiceActivity, IDisposable
{
    private readonly ConcurrentDictionary<RunningTask, Task> _running = new();
    private readonly CancellationTokenSource _stopping = new();

    public IReadOnlyList<Component> Components => membership.Joined ? components.All : [];

    public IReadOnlyList<ClusterAnnouncement> Clusters => membership.Joined ? [.. clusters.Select(cluster => cluster.Describe())] : [];

    public Guid? TaskId => _running.Keys.FirstOrDefault()?.TaskId;

    /// <summary>True while this process does the task.</summary>
    public bool IsRunning(Guid taskId) => _running.Keys.Any(running => running.TaskId == taskId);

    /// <summary>Starts a claimed task.</summary>
    public void Start(RunTask task, TaskLease lease)
    {
        var takesSlot = task.Replicate is null;
        if (takesSlot)
        {
            slots.Take();
        }

        var running = factory.Create(task, lease);
        var gate = new TaskCompletionSource();
        _running[running] = RunAsync(running, gate.Task);
        _ = AfterwardsAsync(_running[running], takesSlot);
        gate.SetResult();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(RunningTask running, Task registered)
    {
        await registered.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await running.RunAsync(_stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            _running.TryRemove(running, out _);
        }
    }

    /// <summary>Once nothing refers to a task any more, not even a method that is about to return from it.</summary>
    private async Task AfterwardsAsync(Task ended, bool takesSlot)
    {
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Yield();
        IdleMemory.GiveBack();
        if (takesSlot)
        {
            slots.Release();
        }
    }
}
