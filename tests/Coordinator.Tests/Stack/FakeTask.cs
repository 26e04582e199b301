using MassTransit;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>A claimed task in the hands of a test.</summary>
internal sealed class FakeTask(FakeWorkers workers, RunTask command, ClaimGranted grant)
{
    public RunTask Command => command;

    public long Fence => grant.Fence;

    public Component Component => command.Component;

    public Task FinishAsync() => workers.SendToCoordinatorAsync(Finished(), CancellationToken.None);

    /// <summary>A backup that ends with this snapshot.</summary>
    public Task FinishAsync(ComponentSnapshot snapshot)
    {
        var finished = Finished();
        return workers.SendToCoordinatorAsync(finished with { Result = finished.Result with { Snapshot = snapshot } }, CancellationToken.None);
    }

    /// <summary>A trial that ends with these steps.</summary>
    public Task FinishAsync(IReadOnlyList<TrialStep> steps)
    {
        var finished = Finished();
        return workers.SendToCoordinatorAsync(finished with { Result = finished.Result with { Trial = new TrialResult { Steps = steps } } }, CancellationToken.None);
    }

    public Task FailAsync(ErrorCode error, string message = "it failed", params Damage[] damages) => workers.SendToCoordinatorAsync(
        new TaskFailed
        {
            TaskId = command.TaskId,
            OperationId = command.OperationId,
            Fence = grant.Fence,
            Worker = FakeWorkers.Name,
            Error = new BackupException(error, message).ToInfo(),
            Damages = damages,
        },
        CancellationToken.None);

    public async Task<HeartbeatAnswer> BeatAsync(params TaskEvent[] events)
    {
        var client = workers.Bus.CreateRequestClient<TaskHeartbeat>(Queues.Address(Queues.Claims), TimeSpan.FromSeconds(5));
        var answer = await client.GetResponse<HeartbeatAnswer>(new TaskHeartbeat
        {
            TaskId = command.TaskId,
            Fence = grant.Fence,
            Worker = FakeWorkers.Name,
            Progress = new TaskProgress { Phase = "read", BytesDone = 1 },
            Events = events,
        });
        return answer.Message;
    }

    public TaskFinished Finished(long? fence = null) => new()
    {
        TaskId = command.TaskId,
        OperationId = command.OperationId,
        Fence = fence ?? grant.Fence,
        Worker = FakeWorkers.Name,
        Result = Result(),
    };

    private TaskResult Result() => command.Kind switch
    {
        OperationKind.Backup => new TaskResult { Outcome = Outcome.Complete, Snapshot = Samples.Snapshot(command.Component) },
        OperationKind.Verify => new TaskResult { Outcome = Outcome.Complete, Proof = Proof(ProofDepth.Verified) },
        OperationKind.TestRestore => new TaskResult
        {
            Outcome = Outcome.Complete,
            Proof = Proof(ProofDepth.Restored),
            EvidenceReferencesKey = command.Component == Component.Database ? command.TestRestore!.EvidenceReferencesKey : null,
        },
        OperationKind.Restore => new TaskResult { Outcome = Outcome.Complete, Restore = new RestoreResult { TargetDirectory = command.Restore?.TargetDirectory ?? command.Recovery?.TargetDirectory ?? "/" } },
        OperationKind.Replicate => new TaskResult { Outcome = Outcome.Complete, Replicate = new ReplicateResult { Present = command.Replicate!.Copy, Dropped = command.Replicate.Drop.Count } },
        OperationKind.Delete or OperationKind.Retention => new TaskResult { Outcome = Outcome.Complete, Forget = Forgotten(command.Forget!) },
        OperationKind.Copy or OperationKind.Archive => new TaskResult { Outcome = Outcome.Complete, Copy = Copied() },
        _ => new TaskResult { Outcome = Outcome.Complete },
    };

    private CopyResult Copied() => command.Archive is { } archive
        ? new CopyResult { Files = 10, Bytes = 1000, Archive = $"{archive.Destination}/{archive.PointName}.tar.gz" }
        : new CopyResult { Files = 10, Bytes = 1000, Folder = command.Component.Name(), ListLength = 1, ListSha256 = new string('a', 64) };

    private static ForgetResult Forgotten(ForgetSpec spec) => new()
    {
        Snapshots = spec.SnapshotIds.Count,
        UndeletableUntil = spec.Grace is null ? DateTimeOffset.UtcNow.AddDays(7) : null,
        GraceEnded = spec.EndGrace,
        BytesBefore = 1000,
        BytesAfter = 1000,
    };

    private static ProofResult Proof(ProofDepth depth) =>
        new() { Depth = depth, FilesChecked = 10, BytesChecked = 1000, Phases = [new PhaseTime("read", TimeSpan.FromSeconds(1))], Findings = ["all is well"] };
}
