using System.CommandLine;
using System.Runtime.CompilerServices;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo find</c>.</summary>
internal sealed class RepoFindCommand : RepoCommand
{
    private readonly Argument<string> _pattern = new("PATTERN")
    {
        Description = "Name, or with a slash a whole path; * and ? stay within a name, ** crosses slashes",
    };
    private readonly Option<string[]> _snapshots = new("--snapshot") { Description = "Look only into this snapshot ('latest', an id, or its first digits); may be repeated", HelpName = "ID" };
    private readonly Option<bool> _long = new("--long", "-l") { Description = "Show modes, owners, sizes and times" };
    private readonly SnapshotFilterOptions _filter = new();

    public RepoFindCommand()
        : base("find", "Find files and directories in snapshots, newest snapshot first")
    {
        Add(_pattern);
        AddAll([_snapshots, _long, .. _filter.All]);
        Examples =
        [
            "stella repo find *.pem --repo /srv/backups/config --password-file /etc/stella/config.password",
            "stella repo find /var/lib/evidence/**/sbom-*.json --snapshot latest -l",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenWithIndexAsync(cancellationToken);
        var search = new SnapshotSearch(repository);
        var snapshots = run.Value(_snapshots) is { Length: > 0 } names
            ? await search.FindAllAsync(names, _filter.Read(run.Parsed), cancellationToken)
            : await search.ListAsync(_filter.Read(run.Parsed), cancellationToken);
        var isLong = run.Value(_long);
        var found = await run.Session.PrintLinesAsync(
            FindAsync(repository, run.Value(_pattern), snapshots, cancellationToken),
            entry => $"{Units.ShortId(entry.Snapshot!)} {(isLong ? entry.Line() : EntryView.OneLine(entry.Path))}",
            cancellationToken);
        if (found == 0)
        {
            run.Session.Remark($"nothing matches in {snapshots.Count} snapshots");
        }

        return 0;
    }

    private static async IAsyncEnumerable<EntryView> FindAsync(
        ResticRepository repository, string pattern, IReadOnlyList<Snapshot> snapshots, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var search = new PathSearch(repository, pattern);
        foreach (var snapshot in snapshots)
        {
            var id = snapshot.Id.ToString();
            await foreach (var entry in search.FindAsync(snapshot, cancellationToken))
            {
                yield return EntryView.Of(entry, id);
            }
        }
    }
}
