using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo forget</c>.</summary>
internal sealed class RepoForgetCommand : RepoCommand
{
    private readonly Argument<string[]> _snapshots = new("SNAPSHOT") { Description = "'latest', an id, or the first digits of one", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say which snapshots would go" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoForgetCommand()
        : base("forget", "Drop snapshots; their data stays until 'stella repo prune'")
    {
        Add(_snapshots);
        AddAll(_dryRun, _confirm);
        Examples =
        [
            "stella repo forget 4f1c 09ab --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --dry-run",
            "stella repo forget 4f1c --confirm",
        ];
    }

    protected override string AfterInterrupt => "Some of the snapshots may be gone; 'stella repo snapshots' shows which are left.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var snapshots = await new SnapshotSearch(repository).FindAllAsync(run.Value(_snapshots), cancellationToken: cancellationToken);
        IReadOnlyList<SnapshotView> views = [.. snapshots.Select(SnapshotView.Of)];
        var dryRun = run.Value(_dryRun);
        if (!dryRun)
        {
            var ids = string.Join(' ', views.Select(view => Units.ShortId(view.Id)));
            await run.Session.RequireAsync(
                run.Value(_confirm), $"this drops {views.Count} snapshots of {repository.Store.Description}", ids, $"stella repo forget {ids} --confirm (or --dry-run)", cancellationToken);
            await repository.ForgetAsync([.. snapshots.Select(snapshot => snapshot.Id)], cancellationToken);
        }

        await run.Session.PrintListAsync(views.ToAsyncEnumerable(), SnapshotView.WriteTable, cancellationToken);
        run.Session.Remark(dryRun ? "dry run: nothing was changed" : $"{views.Count} snapshots dropped; 'stella repo prune' removes the data that only they used");
        return 0;
    }
}
