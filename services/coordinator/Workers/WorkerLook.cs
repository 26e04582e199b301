using System.Collections.Concurrent;
using MassTransit;
using MassTransit.Configuration;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Identity;

namespace StellaOps.Backup.Coordinator.Workers;

/// <summary>What this process and the workers see now, where announcements tell what was seen within the last half minute.</summary>
internal sealed class WorkerLook(IBusControl bus, CheckRunner own, OwnAnnouncement ownAnnouncement, ServiceIdentity identity, TimeProvider clock)
{
    /// <summary>Runs checks here and in all live workers.</summary>
    /// <param name="rows">All processes that are remembered.</param>
    /// <param name="checks">Names; none means all.</param>
    /// <param name="patience">The longest to wait for those that do not answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<WorkerSeen>> AskAsync(IReadOnlyList<WorkerRow> rows, IReadOnlyList<string> checks, TimeSpan patience, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var awaited = rows.Where(row => row.Service != identity.Service && row.IsLive(now)).Select(row => row.Worker).ToHashSet(StringComparer.Ordinal);
        var ownLook = own.LookAsync(checks, cancellationToken);
        var answers = await AnswersAsync(awaited, checks, patience, cancellationToken);
        await Task.WhenAny(ownLook, Task.Delay(patience, clock, cancellationToken));
        answers[identity.Worker] = ownAnnouncement.Make();
        now = clock.GetUtcNow();
        return
        [
            .. rows.Where(row => !answers.ContainsKey(row.Worker)).Select(row => new WorkerSeen(row, Now: false)),
            .. answers.Values.Select(answer => new WorkerSeen(new WorkerRow { Worker = answer.Worker, Service = answer.Service, HeardAt = now, Announcement = answer }, Now: true)),
        ];
    }

    private async Task<Dictionary<string, WorkerAnnouncement>> AnswersAsync(
        HashSet<string> awaited, IReadOnlyList<string> checks, TimeSpan patience, CancellationToken cancellationToken)
    {
        // Without the broker nobody can be asked, and asking would wait for it.
        if (awaited.Count == 0 || bus.CheckHealth().Status != BusHealthStatus.Healthy)
        {
            return [];
        }

        var answers = new ConcurrentDictionary<string, WorkerAnnouncement>(StringComparer.Ordinal);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var question = NewId.NextGuid();
        using var hearing = bus.ConnectRequestHandler<WorkerAnnouncement>(question, answer =>
        {
            answers[answer.Message.Worker] = answer.Message;
            if (awaited.All(answers.ContainsKey))
            {
                all.TrySetResult();
            }

            return Task.CompletedTask;
        }, new PipeConfigurator<ConsumeContext<WorkerAnnouncement>>());
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(patience);
        try
        {
            await bus.Publish(
                new LookNow { Checks = checks },
                publish => (publish.RequestId, publish.ResponseAddress, publish.TimeToLive) = (question, bus.Address, patience),
                time.Token).WaitAsync(time.Token);
            await all.Task.WaitAsync(time.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Those that have not answered by now are shown as such.
        }

        return answers.ToDictionary();
    }
}

/// <summary>A process.</summary>
/// <param name="Row">What it told last.</param>
/// <param name="Now">It told it when it was asked; else on its own, some time ago.</param>
internal sealed record WorkerSeen(WorkerRow Row, bool Now);
