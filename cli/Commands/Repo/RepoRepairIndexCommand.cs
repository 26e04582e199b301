using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Repairing;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo repair index</c>.</summary>
internal sealed class RepoRepairIndexCommand : RepoCommand
{
    private readonly Option<bool> _readAll = new("--read-all-packs") { Description = "Read the header of every pack, and trust no index file" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would change" };

    public RepoRepairIndexCommand()
        : base("index", "Write the index anew from the packs that are there")
    {
        AddAll(_readAll, _dryRun);
        Examples = ["stella repo repair index --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --dry-run"];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var report = await new IndexRepair(repository).RunAsync(run.Value(_readAll), run.Value(_dryRun), cancellationToken);
        await run.DisposeAsync();
        run.Session.PrintResult(
            new IndexRepairView(
                report.DryRun, report.Changed, report.Packs, report.HeadersRead, report.DamagedIndexFiles, report.MissingPacks, report.UnreadablePacks),
            output => Write(output, report));
        return (report.MissingPacks.Count, report.UnreadablePacks.Count) is (0, 0)
            ? 0
            : throw new BackupException(
                ErrorCodes.Damaged, $"{Units.Count(report.MissingPacks.Count)} packs are missing and {Units.Count(report.UnreadablePacks.Count)} unreadable",
                "'stella repo check' names the snapshots that need them; 'stella repo repair data' heals from another repository.");
    }

    private static void Write(TextWriter output, IndexRepairReport report)
    {
        var done = report switch { { Changed: false } => "the index is right, and was left alone", { DryRun: true } => "the index would be written anew", _ => "the index was written anew" };
        output.WriteLine($"{done}: {Units.Count(report.Packs)} packs, {Units.Count(report.HeadersRead)} headers read");
        foreach (var line in report.MissingPacks.Select(pack => $"missing: {pack}").Concat(report.UnreadablePacks.Select(pack => $"unreadable: {pack}")))
        {
            output.WriteLine(line);
        }
    }

    internal sealed record IndexRepairView(
        bool DryRun, bool Changed, int Packs, int HeadersRead,
        IReadOnlyList<string> DamagedIndexFiles, IReadOnlyList<string> MissingPacks, IReadOnlyList<string> UnreadablePacks);
}
