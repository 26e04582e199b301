using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo forget</c>.</summary>
internal sealed class RepoForgetCommand : RepoCommand
{
    private readonly Argument<string[]> _snapshots = new("SNAPSHOT") { Description = "'latest', an id, or the first digits of one", Arity = ArgumentArity.OneOrMore };
    private readonly SpanOption _grace = new("--grace", "How long they can be brought back, 7d by default; 0 is not at all", orNone: true);
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say which snapshots would go" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoForgetCommand()
        : base("forget", "Drop snapshots; they can be brought back for a week")
    {
        Add(_snapshots);
        AddAll(_grace, _dryRun, _confirm);
        Examples =
        [
            "stella repo forget 4f1c 09ab --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --dry-run",
            "stella repo forget 4f1c --grace 30d --confirm",
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
                run.Value(_confirm), $"this drops {views.Count} snapshots of {repository.Store.Description}", ids, "the same command with --confirm (or with --dry-run)", cancellationToken);
            await repository.Forgotten.ForgetAsync([.. snapshots.Select(snapshot => snapshot.Id)], Grace(run), cancellationToken);
        }

        await run.Session.PrintListAsync(views.ToAsyncEnumerable(), SnapshotView.WriteTable, cancellationToken);
        run.Session.Remark(dryRun ? "dry run: nothing was changed" : $"{views.Count} snapshots dropped; {After(Grace(run))}");
        return 0;
    }

    private TimeSpan Grace(RepositoryRun run) => run.Value(_grace) ?? ForgottenSnapshots.DefaultGrace;

    private static string After(TimeSpan grace) => grace == TimeSpan.Zero
        ? "'stella repo prune' removes the data that only they used"
        : $"'stella repo undelete' brings them back for {Units.Duration(grace)}; then 'stella repo prune' removes the data that only they used";
}
