using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo diff</c>.</summary>
internal sealed class RepoDiffCommand : RepoCommand
{
    private readonly SnapshotArgument _before = new("BEFORE", "The older snapshot: 'latest', an id, or the first digits of one");
    private readonly SnapshotArgument _after = new("AFTER", "The newer snapshot");

    public RepoDiffCommand()
        : base("diff", "Say what differs between two snapshots: + added, - removed, C content, M metadata, T type")
    {
        Add(_before);
        Add(_after);
        Examples = ["stella repo diff 4f1c latest --repo /srv/backups/config --password-file /etc/stella/config.password"];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenWithIndexAsync(cancellationToken);
        var search = new SnapshotSearch(repository);
        var before = await search.FindAsync(run.Value(_before), cancellationToken: cancellationToken);
        var after = await search.FindAsync(run.Value(_after), cancellationToken: cancellationToken);
        var counts = new long[Enum.GetValues<DifferenceKind>().Length];
        long bytes = 0;
        await run.Session.PrintLinesAsync(
            new SnapshotDiff(repository).RunAsync(before, after, cancellationToken).Select(difference =>
            {
                counts[(int)difference.Kind]++;
                bytes += (difference.After?.Size ?? 0) - (difference.Before?.Size ?? 0);
                return new DiffLine(Word(difference.Kind), difference.Path, View(difference.Path, difference.Before), View(difference.Path, difference.After));
            }),
            line => $"{Letter(line.Change)}  {EntryView.OneLine(line.Path)}",
            cancellationToken);
        run.Session.Remark(
            $"{Units.Count(counts[0])} added, {Units.Count(counts[1])} removed, {Units.Count(counts[2] + counts[3])} changed, {Units.Count(counts[4])} in metadata only; "
            + $"{(bytes < 0 ? "-" : "+")}{Units.Size(Math.Abs(bytes))}");
        return 0;
    }

    private static EntryView? View(string path, Node? node) => node is null ? null : EntryView.Of(new TreeEntry(path, node));

    private static string Word(DifferenceKind kind) => kind switch
    {
        DifferenceKind.Added => "added",
        DifferenceKind.Removed => "removed",
        DifferenceKind.TypeChanged => "type",
        DifferenceKind.ContentChanged => "content",
        _ => "metadata",
    };

    private static char Letter(string change) => change switch { "added" => '+', "removed" => '-', "type" => 'T', "content" => 'C', _ => 'M' };

    internal sealed record DiffLine(string Change, string Path, EntryView? Before, EntryView? After);
}
