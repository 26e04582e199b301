using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo stats</c>.</summary>
internal sealed class RepoStatsCommand : RepoCommand
{
    private readonly Option<string[]> _snapshots = new("--snapshot")
    {
        Description = "Count only what these snapshots need, each blob once ('latest', an id, or its first digits); may be repeated", HelpName = "ID",
    };
    private readonly Option<bool> _restoreSize = new("--restore-size") { Description = "Count what a restore of each snapshot would write" };

    public RepoStatsCommand()
        : base("stats", "Say how much a repository, or a snapshot, holds, and how well it is stored")
    {
        AddAll(_snapshots, _restoreSize);
        Examples =
        [
            "stella repo stats --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo stats --restore-size --snapshot latest --format json",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenWithIndexAsync(cancellationToken);
        var search = new SnapshotSearch(repository);
        var names = run.Value(_snapshots) ?? [];
        var snapshots = names.Length > 0
            ? await search.FindAllAsync(names, cancellationToken: cancellationToken)
            : await search.ListAsync(cancellationToken: cancellationToken);
        var statistics = new RepositoryStatistics(repository);
        if (run.Value(_restoreSize))
        {
            await PrintRestoreSizesAsync(run, statistics, snapshots, cancellationToken);
            return 0;
        }

        var sizes = names.Length > 0 ? await statistics.OfSnapshotsAsync(snapshots, cancellationToken) : statistics.OfRepository();
        Print(run, repository, snapshots.Count, sizes);
        return 0;
    }

    private static void Print(RepositoryRun run, ResticRepository repository, int snapshots, StoredSizes sizes)
    {
        var view = new StatsView(repository.Id, snapshots, sizes.Packs, SizeView.Of(sizes.Data), SizeView.Of(sizes.Trees), SizeView.Of(sizes.Total));
        run.Session.Print(view, output =>
        {
            var facts = new Facts();
            facts.Add("repository", repository.Id);
            facts.Add("snapshots", Units.Count(snapshots));
            facts.Add("packs", Units.Count(sizes.Packs));
            facts.WriteTo(output);
            output.WriteLine();
            var table = new TextTable("TYPE", "BLOBS", "PLAIN", "STORED", "RATIO").Right(1, 2, 3, 4);
            foreach (var (type, size) in new[] { ("data", sizes.Data), ("tree", sizes.Trees), ("all", sizes.Total) })
            {
                table.Add(type, Units.Count(size.Blobs), Units.Size(size.PlainBytes), Units.Size(size.StoredBytes), PlainPerStored(size) is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "-");
            }

            table.WriteTo(output);
        });
    }

    private static async Task PrintRestoreSizesAsync(
        RepositoryRun run, RepositoryStatistics statistics, IReadOnlyList<Repository.Snapshots.Snapshot> snapshots, CancellationToken cancellationToken)
    {
        var sizes = snapshots.ToAsyncEnumerable().Select(async (snapshot, token) =>
        {
            var size = await statistics.OfRestoreAsync(snapshot, token);
            return new RestoreSizeView(snapshot.Id.ToString(), snapshot.Time, size.Files, size.Entries, size.Bytes);
        });
        await run.Session.PrintListAsync(
            sizes,
            (output, all) =>
            {
                var table = new TextTable("SNAPSHOT", "TAKEN", "FILES", "ENTRIES", "SIZE").Right(2, 3, 4);
                foreach (var one in all)
                {
                    table.Add(Units.ShortId(one.Snapshot), Units.Time(one.Time), Units.Count(one.Files), Units.Count(one.Entries), Units.Size(one.Bytes));
                }

                table.WriteTo(output);
            },
            cancellationToken);
    }

    /// <summary>Plain bytes for each stored one; null where nothing is stored.</summary>
    private static double? PlainPerStored(StoredSize size) => size.StoredBytes == 0 ? null : Math.Round(size.PlainBytes / (double)size.StoredBytes, 3);

    internal sealed record StatsView(string Repository, int Snapshots, long Packs, SizeView Data, SizeView Trees, SizeView Total);

    internal sealed record SizeView(long Blobs, long PlainBytes, long StoredBytes, double? Ratio)
    {
        public static SizeView Of(StoredSize size) => new(size.Blobs, size.PlainBytes, size.StoredBytes, PlainPerStored(size));
    }

    internal sealed record RestoreSizeView(string Snapshot, DateTimeOffset Time, long Files, long Entries, long Bytes);
}
