using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Repairing;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo repair data</c>: heals, from another repository where one is named.</summary>
internal sealed class RepoRepairCommand : RepoCommand
{
    private readonly RepositoryFlags _from = new("from");
    private readonly Option<bool> _alone = new("--alone") { Description = "Heal without another repository: only what is still here" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done" };

    public RepoRepairCommand()
        : base("data", "Heal damaged and lost data, from another repository that holds it")
    {
        AddAll([.. _from.All, _alone, _dryRun]);
        Examples =
        [
            "stella repo repair data --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --from-repo /mnt/second/evidence --from-password-file /etc/stella/second.password",
            "stella repo repair data --alone --dry-run --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var source = run.Value(_alone) ? null : await run.OpenAsync(_from, cancellationToken);
        if (source is not null)
        {
            await run.LockForReadingAsync(source, without: false, cancellationToken);
            await source.LoadIndexAsync(cancellationToken);
        }

        run.Progress.Begin("verify");
        var report = await new RepositoryRepair(repository).RunAsync(
            new RepairRequest
            {
                Sources = source is null ? [] : [source],
                DryRun = run.Value(_dryRun),
                OnVerify = now => run.Progress.Set(now.Packs, now.Bytes, now.PacksTotal, now.BytesTotal),
            },
            cancellationToken);
        await run.DisposeAsync();
        run.Session.PrintResult(RepairView.Of(report), output => Write(output, report));
        return report.IsWhole
            ? 0
            : throw new BackupException(
                ErrorCodes.Damaged, $"{report.Lost.Count + report.Remaining.Count} damages could not be healed",
                "Repair again from another repository that may have it. 'stella repo repair snapshots' makes snapshots without the lost files.");
    }

    private static void Write(TextWriter output, RepairReport report)
    {
        output.WriteLine($"{(report.DryRun ? "would heal" : "healed")} {Units.Count(report.Damages.Count)} damages: {Units.Count(report.BlobsSalvaged)} blobs saved from damaged packs, "
            + $"{Units.Count(report.BlobsFetched)} from the other repository, {Units.Count(report.SnapshotsRestored.Count)} snapshots copied back, {Units.Count(report.PacksDropped.Count)} packs dropped");
        foreach (var line in report.Lost.SelectMany(lost => lost.Files.DefaultIfEmpty(lost.Id.ToString())).Concat(report.Remaining))
        {
            output.WriteLine($"lost: {line}");
        }
    }

    internal sealed record RepairView(
        bool DryRun, IReadOnlyList<FoundView> Damages, long BlobsSalvaged, long BlobsFetched, IReadOnlyList<string> PacksDropped, bool IndexRewritten,
        IReadOnlyList<RestoredView> SnapshotsRestored, IReadOnlyList<LostView> Lost, IReadOnlyList<string> Remaining)
    {
        public static RepairView Of(RepairReport report) => new(
            report.DryRun, [.. report.Damages.Select(damage => new FoundView(damage.Kind.ToString(), damage.Object, damage.Detail))],
            report.BlobsSalvaged, report.BlobsFetched, report.PacksDropped, report.IndexRewritten,
            [.. report.SnapshotsRestored.Select(one => new RestoredView(one.Source.ToString(), one.Target.ToString()))],
            [.. report.Lost.Select(one => new LostView(one.Type.ToString(), one.Id.ToString(), [.. one.Snapshots.Select(id => id.ToString())], one.Files))],
            report.Remaining);
    }

    internal sealed record FoundView(string Kind, string Object, string Detail);

    internal sealed record RestoredView(string Lost, string Restored);

    internal sealed record LostView(string Type, string Id, IReadOnlyList<string> Snapshots, IReadOnlyList<string> Files);
}
