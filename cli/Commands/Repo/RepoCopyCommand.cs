using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo copy</c>: from the repository that the <c>--from-</c> options name.</summary>
internal sealed class RepoCopyCommand : RepoCommand
{
    private readonly RepositoryFlags _from = new("from");
    private readonly Argument<string[]> _snapshots = new("SNAPSHOT")
    {
        Description = "'latest', an id, or the first digits of one; all when none is named", Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be copied" };

    public RepoCopyCommand()
        : base("copy", "Copy snapshots from another repository, moving only what is not here yet")
    {
        Add(_snapshots);
        AddAll([.. _from.All, _dryRun]);
        Examples =
        [
            "stella repo copy --from-repo /srv/backups/evidence --from-password-file /etc/stella/evidence.password --repo /mnt/second/evidence --password-file /etc/stella/second.password",
            "stella repo copy latest --from-repo /srv/backups/evidence --from-password-file /etc/stella/evidence.password --repo /mnt/second/evidence --dry-run",
        ];
    }

    protected override string AfterInterrupt => "What was copied is found by the next run.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var source = await run.OpenAsync(_from, cancellationToken);
        var target = await run.OpenAsync(cancellationToken);
        var snapshots = run.Parsed.GetValue(_snapshots) is { Length: > 0 } names
            ? await new SnapshotSearch(source).FindAllAsync(names, cancellationToken: cancellationToken)
            : null;
        run.Progress.Begin("copy");
        var report = await new RepositoryCopy(source, target).RunAsync(
            new CopyRequest
            {
                Snapshots = snapshots is null ? null : [.. snapshots.Select(snapshot => snapshot.Id)],
                DryRun = run.Value(_dryRun),
                OnProgress = now => run.Progress.Set(now.Blobs, now.Bytes, now.BlobsTotal, now.BytesTotal),
            },
            cancellationToken);
        await run.DisposeAsync();
        run.Session.PrintResult(CopyView.Of(report), output => Write(output, report));
        return report.Failed is not [var failed, ..]
            ? 0
            : throw new BackupException(
                ErrorCodes.Damaged, $"{report.Failed.Count} snapshots were not copied, because the source is damaged; {Units.ShortId(failed.Source.ToString())}: {failed.Reason}",
                "All others were. 'stella repo repair data' heals the source from a repository that has what is lost.");
    }

    private static void Write(TextWriter output, CopyReport report) => output.WriteLine(
        $"{(report.DryRun ? "would copy" : "copied")} {Units.Count(report.Copied.Count)} snapshots, {Units.Count(report.Blobs)} blobs, {Units.Size(report.Bytes)}; "
        + $"{Units.Count(report.Present.Count)} snapshots were here");

    internal sealed record CopyView(
        bool DryRun, IReadOnlyList<CopiedView> Copied, IReadOnlyList<CopiedView> Present, IReadOnlyList<NotCopiedView> Failed,
        long Blobs, long Bytes, long BytesAdded, double Seconds)
    {
        public static CopyView Of(CopyReport report) => new(
            report.DryRun, [.. report.Copied.Select(CopiedView.Of)], [.. report.Present.Select(CopiedView.Of)],
            [.. report.Failed.Select(one => new NotCopiedView(one.Source.ToString(), one.Reason))],
            report.Blobs, report.Bytes, report.BytesAdded, report.Elapsed.TotalSeconds);
    }

    internal sealed record CopiedView(string Source, string Target)
    {
        public static CopiedView Of(CopiedSnapshot one) => new(one.Source.ToString(), one.Target.ToString());
    }

    internal sealed record NotCopiedView(string Snapshot, string Reason);
}
