using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository.Pruning;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo prune</c>.</summary>
internal sealed class RepoPruneCommand : RepoCommand
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the plan and change nothing" };
    private readonly Option<double> _maxUnused = new("--max-unused")
    {
        Description = "Percent of unused bytes that may stay in packs that are partly used; 5 by default", HelpName = "PERCENT", DefaultValueFactory = _ => 5,
    };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoPruneCommand()
        : base("prune", "Delete the data that no snapshot needs")
    {
        AddAll(_dryRun, _maxUnused, _confirm);
        Validators.Add(result =>
        {
            if (result.GetValue(_maxUnused) is < 0 or > 100)
            {
                result.AddError("--max-unused is a number of percent, 0 to 100");
            }
        });
        Examples =
        [
            "stella repo prune --dry-run --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo prune --confirm --max-unused 0",
        ];
    }

    protected override string AfterInterrupt => "The repository is whole; the next prune goes on.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var dryRun = run.Value(_dryRun);
        if (!dryRun)
        {
            await run.Session.RequireAsync(
                run.Value(_confirm), $"this deletes what no snapshot of {repository.Store.Description} needs", repository.Id[..8],
                "stella repo prune --confirm (or --dry-run)", cancellationToken);
        }

        run.Progress.Begin("prune");
        var report = await repository.PruneAsync(new PruneOptions { DryRun = dryRun, MaxUnused = run.Value(_maxUnused) / 100 }, cancellationToken);
        await run.DisposeAsync();
        Print(run, report);
        return 0;
    }

    private static void Print(RepositoryRun run, PruneReport report)
    {
        var view = new
        {
            dryRun = report.DryRun,
            packsKept = report.PacksKept,
            packsRepacked = report.PacksRepacked,
            packsDeleted = report.PacksDeleted,
            blobsRemoved = report.BlobsRemoved,
            bytesBefore = report.BytesBefore,
            bytesAfter = report.BytesAfter,
        };
        run.Session.PrintResult(view, output =>
        {
            var facts = new Facts();
            facts.Add("packs", $"{Units.Count(report.PacksKept)} kept, {Units.Count(report.PacksRepacked)} repacked, {Units.Count(report.PacksDeleted)} deleted");
            facts.Add("blobs", $"{Units.Count(report.BlobsRemoved)} removed");
            facts.Add("size", $"{Units.Size(report.BytesAfter)}, before {Units.Size(report.BytesBefore)}");
            facts.WriteTo(output);
            if (report.DryRun)
            {
                output.WriteLine("dry run: nothing was changed");
            }
        });
    }
}
