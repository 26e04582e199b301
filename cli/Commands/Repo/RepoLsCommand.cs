using System.CommandLine;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo ls</c>.</summary>
internal sealed class RepoLsCommand : RepoCommand
{
    private readonly SnapshotArgument _snapshot = new();
    private readonly Argument<string> _path = new("PATH") { Description = "Directory or file in the snapshot; '/' by default", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => "/" };
    private readonly Option<bool> _long = new("--long", "-l") { Description = "Show modes, owners, sizes and times" };
    private readonly Option<bool> _recursive = new("--recursive", "-R") { Description = "Go into directories" };
    private readonly SnapshotFilterOptions _filter = new();

    public RepoLsCommand()
        : base("ls", "List what lies in a snapshot")
    {
        Add(_snapshot);
        Add(_path);
        AddAll([_long, _recursive, .. _filter.All]);
        Examples =
        [
            "stella repo ls latest /etc --repo /srv/backups/config --password-file /etc/stella/config.password",
            "stella repo ls -l --recursive 4f1c /var/lib/evidence",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenWithIndexAsync(cancellationToken);
        var snapshot = await new SnapshotSearch(repository).FindAsync(run.Value(_snapshot), _filter.Read(run.Parsed), cancellationToken);
        var entries = new SnapshotListing(repository).ListAsync(snapshot, run.Value(_path), run.Value(_recursive), cancellationToken);
        var isLong = run.Value(_long);
        await run.Session.PrintLinesAsync(
            entries.Select(entry => EntryView.Of(entry)), entry => isLong ? entry.Line() : EntryView.OneLine(entry.Path), cancellationToken);
        return 0;
    }
}
