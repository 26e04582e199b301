using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Output;

/// <summary>What came of an operation: a table with a line for each task, then what a human must know besides.</summary>
internal static class OperationReport
{
    /// <summary>Lines of a list that are shown; the JSON has more.</summary>
    private const int Shown = 20;

    public static void Write(TextWriter output, OperationView operation)
    {
        if (operation.Tasks.Count == 0)
        {
            if (operation.Outcome == Outcome.Complete)
            {
                output.WriteLine(operation.Kind switch
                {
                    OperationKind.Verify => "nothing to verify",
                    OperationKind.Delete => $"'{operation.PointName}' is not listed any more; it was archived, and its archive stays where it is",
                    _ => "nothing was to be done",
                });
            }

            return;
        }

        if (operation.Kind == OperationKind.Trial)
        {
            TrialText.Write(output, operation.Tasks);
        }
        else if (operation.Kind is not (OperationKind.VerifyIntegrity or OperationKind.Migrate or OperationKind.VerifyEvidence or OperationKind.RebuildIndex or OperationKind.Diff))
        {
            Table(operation).WriteTo(output);
        }

        foreach (var task in operation.Tasks)
        {
            WriteRemarks(output, operation, task);
        }

        if (operation.DryRun)
        {
            output.WriteLine("dry run: nothing was changed");
        }
    }

    private static TextTable Table(OperationView operation)
    {
        var several = operation.PointName is null && operation.Kind is not (OperationKind.Retention or OperationKind.Replicate) && operation.Tasks.Any(task => task.PointName is not null);
        var kind = Shape(operation);
        var (columns, numbers) = Columns(kind);
        var table = new TextTable([.. several ? ["POINT"] : Array.Empty<string>(), "COMPONENT", "OUTCOME", .. columns])
            .Right([.. numbers.Select(column => column + (several ? 3 : 2))]);
        foreach (var task in operation.Tasks)
        {
            var outcome = task.Result is { } result ? Spelling.Of(result.Outcome) : task.State;
            table.Add([.. several ? [task.PointName ?? "-"] : Array.Empty<string>(), task.Component.Title(task.Cluster), outcome, .. Cells(kind, task.Result, operation.DryRun)]);
        }

        return table;
    }

    /// <summary>A dry run plans a restore, also where the real one would prove something; the plan may be in words alone.</summary>
    private static OperationKind? Shape(OperationView operation) =>
        !operation.DryRun ? operation.Kind
        : operation.Tasks.Any(task => task.Result?.Restore is { } plan && plan.FilesWritten + plan.FilesUnchanged + plan.FilesDeleted > 0) ? OperationKind.Restore
        : null;

    private static (string[] Titles, int[] Numbers) Columns(OperationKind? kind) => kind switch
    {
        OperationKind.Backup => (["FILES", "SIZE", "ADDED", "DURATION", "SNAPSHOT"], [0, 1, 2, 3]),
        OperationKind.Verify or OperationKind.TestRestore => (["FILES", "SIZE", "DURATION"], [0, 1, 2]),
        OperationKind.Delete or OperationKind.Retention => (["SNAPSHOTS", "FREED", "FREE LATER", "CAN BE BROUGHT BACK UNTIL"], [0, 1, 2]),
        OperationKind.Copy or OperationKind.Archive => (["FILES", "SIZE", "DURATION"], [0, 1, 2]),
        OperationKind.Replicate => (["SNAPSHOTS", "COPIED", "DROPPED", "FREED", "DURATION"], [0, 1, 2, 3, 4]),
        OperationKind.Restore => (["WRITTEN", "UNCHANGED", "DELETED", "SIZE", "DURATION", "TARGET"], [0, 1, 2, 3, 4]),
        _ => ([], []),
    };

    private static string[] Cells(OperationKind? kind, TaskResult? result, bool isPlan) => (kind, result) switch
    {
        (OperationKind.Backup, { Snapshot: { } made }) =>
            [Units.Count(made.Files), Units.Size(made.Bytes), Units.Size(made.BytesAdded), Units.Duration(made.FinishedAt - made.StartedAt), Units.ShortId(made.SnapshotId)],
        (OperationKind.Verify or OperationKind.TestRestore, { Proof: { } proof }) =>
            [Units.Count(proof.FilesChecked), Units.Size(proof.BytesChecked), Total(proof.Phases)],
        (OperationKind.Delete or OperationKind.Retention, { Forget: { } gone }) =>
            [Units.Count(gone.Snapshots), Units.Size(Math.Max(0, gone.BytesBefore - gone.BytesAfter)), Units.Size(gone.BytesWaiting + gone.BytesForgotten), Units.Time(gone.UndeletableUntil)],
        (OperationKind.Copy or OperationKind.Archive, { Copy: { } copy }) => [Units.Count(copy.Files), Units.Size(copy.Bytes), Total(copy.Phases)],
        (OperationKind.Replicate, { Replicate: { } replica }) =>
            [Units.Count(replica.Present.Count), Units.Size(replica.BytesCopied), Units.Count(replica.Dropped), Units.Size(replica.BytesFreed), Total(replica.Phases)],
        (OperationKind.Restore, { Restore: { FilesWritten: 0, FilesUnchanged: 0, FilesDeleted: 0 } plan }) when isPlan => ["-", "-", "-", "-", Total(plan.Phases), plan.TargetDirectory],
        (OperationKind.Restore, { Restore: { } done }) =>
            [Units.Count(done.FilesWritten), Units.Count(done.FilesUnchanged), Units.Count(done.FilesDeleted), Units.Size(done.BytesWritten), Total(done.Phases), done.TargetDirectory],
        _ => [.. Columns(kind).Titles.Select(_ => "-")],
    };

    private static void WriteRemarks(TextWriter output, OperationView operation, TaskView task)
    {
        if (task.Result?.Integrity is { } integrity)
        {
            IntegrityText.Write(output, integrity);
        }

        if (task.Result?.Migration is { } migration)
        {
            IntegrityText.Write(output, migration);
        }

        if (task.Result?.Evidence is { } evidence)
        {
            EvidenceText.Write(output, evidence);
        }

        if (task.Result?.Index is { } index)
        {
            EvidenceText.Write(output, index, operation.DryRun);
        }

        if (task.Result?.Diff is { } diff)
        {
            DiffText.Write(output, diff);
        }

        var name = ProgressText.Name(operation, task);
        var restore = task.Result?.Restore;
        List(output, name, restore?.Notes ?? []);
        List(output, name, task.Result?.Copy?.Notes ?? []);
        List(output, name, task.Result?.Proof?.Findings ?? []);
        List(output, name, PhaseText.Of(task.Result?.Proof?.Replay) is { } replay ? [$"WAL replayed: {replay}"] : []);
        List(output, name, PhaseText.Of(task.Result?.Proof?.Phases ?? restore?.Phases ?? task.Result?.Copy?.Phases ?? []));
        List(output, name, restore?.ReplacedDirectory is { } kept ? [$"the replaced data was kept in {kept}"] : []);
        List(output, $"{name}: {Lack(operation)}", [.. (task.Result?.Missing ?? []).Select(item => $"{item.Path}: {item.Reason}")], task.Result?.MissingCount);
        List(output, $"{name}: damaged", [.. task.Damages.Select(damage => $"{damage.Kind} {damage.Item}: {damage.Detail}{Snapshots(damage)}")]);

        // The rest, such as a server's log, comes with the error of the command; and all of it where that is the same.
        List(output, $"{name}: failed", task.Error is { } error && error.Message != operation.Error?.Message ? [error.Message.Split('\n', 2)[0]] : []);
    }

    private static void List(TextWriter output, string name, IReadOnlyList<string> lines, long? count = null)
    {
        foreach (var line in lines.Take(Shown))
        {
            output.WriteLine($"{name}: {line}");
        }

        var more = (count ?? lines.Count) - Math.Min(lines.Count, Shown);
        if (more > 0 && lines.Count > 0)
        {
            output.WriteLine($"{name}: and {Units.Count(more)} more");
        }
    }

    /// <summary>A restore that is incomplete lacks nothing of its own: it left alone what it must not replace.</summary>
    private static string Lack(OperationView operation) => (operation.Kind, operation.DryRun) switch
    {
        (OperationKind.Restore, true) => "would be left as it is",
        (OperationKind.Restore, false) => "left as it is",
        (OperationKind.VerifyIntegrity, _) => "not checked",
        (OperationKind.VerifyEvidence, _) => "incomplete",
        (OperationKind.RebuildIndex, _) => "not indexed as it is",
        _ => "missing",
    };

    private static string Total(IEnumerable<PhaseTime> phases) =>
        Units.Duration(phases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + phase.Duration));

    private static string Snapshots(Damage damage) => damage.Snapshots.Count == 0
        ? ""
        : $" (snapshots {string.Join(", ", damage.Snapshots.Select(Units.ShortId))})";
}
