using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Repairing;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo repair snapshots</c>.</summary>
internal sealed class RepoRepairSnapshotsCommand : RepoCommand
{
    private readonly Option<bool> _forget = new("--forget") { Description = "Drop the damaged snapshots" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Name the files that would be left out" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoRepairSnapshotsCommand()
        : base("snapshots", "Make snapshots without the files whose data is lost for good; run 'stella repo repair data' first")
    {
        AddAll(_forget, _dryRun, _confirm);
        Examples = ["stella repo repair snapshots --dry-run --repo /srv/backups/evidence --password-file /etc/stella/evidence.password"];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var dryRun = run.Value(_dryRun);
        if (run.Value(_forget) && !dryRun)
        {
            await run.Session.RequireAsync(
                run.Value(_confirm), $"this drops every snapshot of {repository.Store.Description} that lost a file", "forget", "the same command with --confirm (or with --dry-run)", cancellationToken);
        }

        var report = await new SnapshotRepair(repository).RunAsync(run.Value(_forget), dryRun, cancellationToken);
        await run.DisposeAsync();
        run.Session.PrintResult(
            new SnapshotRepairView(
                dryRun, [.. report.Repaired.Select(one => new RepairedView(one.Source.ToString(), one.Target.ToString()))],
                report.Dropped, [.. report.Hopeless.Select(id => id.ToString())]),
            output => Write(output, report));
        return report.Hopeless.Count == 0
            ? 0
            : throw new BackupException(
                ErrorCodes.Damaged, $"{Units.Count(report.Hopeless.Count)} snapshots could not be repaired: their root is lost",
                "'stella repo repair data' brings it back from another repository; 'stella repo forget' drops such snapshots.");
    }

    private static void Write(TextWriter output, SnapshotRepairReport report)
    {
        output.WriteLine($"{Units.Count(report.Repaired.Count)} snapshots {(report.DryRun ? "would get" : "got")} a successor tagged 'repaired', without {Units.Count(report.Dropped.Count)} files and directories");
        foreach (var line in report.Dropped.Select(path => $"left out: {path}").Concat(report.Hopeless.Select(id => $"left as it is, its root is lost: {id}")))
        {
            output.WriteLine(line);
        }
    }

    internal sealed record SnapshotRepairView(bool DryRun, IReadOnlyList<RepairedView> Repaired, IReadOnlyList<string> Dropped, IReadOnlyList<string> Hopeless);

    internal sealed record RepairedView(string Damaged, string Repaired);
}
