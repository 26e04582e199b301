using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Integrity;

/// <summary>
/// Page checksums of the running cluster: all files are read where the data directory is mounted. Elsewhere only what the server noticed
/// itself is known, as it counts in <c>pg_stat_database</c>.
/// </summary>
internal sealed class PageCheck(DatabaseSettings settings, ClusterConnection cluster, ServerFacts facts, TaskContext context)
{
    // A page that is written while it is read is torn in this copy only: a later look finds it whole, whatever its position says. A file
    // with many bad pages is broken: looking again and again would take hours.
    private const int Rereads = 8, RereadPages = 32;
    private const string Name = "pages";
    private static readonly TimeSpan RereadDelay = TimeSpan.FromMilliseconds(25);
    private readonly ConcurrentQueue<string> _damaged = new();
    private long _pages;

    public async Task<bool> RunAsync(IntegrityFindings findings, CancellationToken cancellationToken)
    {
        var counted = await FailuresAsync(cancellationToken);
        if (!facts.PageChecksums)
        {
            findings.Add(Name, null, new CheckFindings(0, [], ["page checksums are off, so that damage of a disk can go unnoticed: stop the server once and run pg_checksums --enable"]));
            return true;
        }

        var server = new RemoteFileReader(cluster);
        var reason = string.IsNullOrEmpty(settings.DataDirectory)
            ? "Database:DataDirectory is not set"
            : await MountedDirectory.WhyNotAsync(settings.DataDirectory, cluster, facts, server, cancellationToken);
        if (reason is not null)
        {
            findings.Add(Name, null, new CheckFindings(0, [], [.. counted, $"files were not read ({reason}); the server itself has noticed {(counted.Count == 0 ? "no damage" : "damage")}"]));
            return true;
        }

        await ReadAsync(new MountedFiles(settings.DataDirectory!, tablespaces: true, server), server, cancellationToken);
        findings.Add(Name, null, new CheckFindings(_pages, [.. _damaged.Order(StringComparer.Ordinal)], counted));
        return true;
    }

    /// <summary>Counted since the statistics were last reset: they may be of damage that is gone, and so they are remarks.</summary>
    private Task<IReadOnlyList<string>> FailuresAsync(CancellationToken cancellationToken) => cluster.QueryAsync(
        """
        SELECT coalesce(datname, 'shared relations'), checksum_failures, checksum_last_failure FROM pg_catalog.pg_stat_database
        WHERE checksum_failures > 0 ORDER BY 1
        """,
        row => string.Create(CultureInfo.InvariantCulture, $"the server has met {row.GetInt64(1)} damaged pages in {row.GetString(0)}, the last one at {row.GetFieldValue<DateTimeOffset>(2):O}"),
        cancellationToken);

    private async Task ReadAsync(MountedFiles files, RemoteFileReader server, CancellationToken cancellationToken)
    {
        var (_, control) = await server.ReadControlAsync(cancellationToken);
        var listing = await ClusterListing.ReadAsync(cluster, facts.MajorVersion, control, cancellationToken);
        var relations = listing.Files.Where(file => !file.IsDirectory && RelationFile.TryParse(file.Path) is not null).ToList();
        context.Progress.Begin(Name, relations.Count, relations.Sum(file => file.Size));
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Min(settings.Connections, Environment.ProcessorCount), CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(relations, options, async (file, token) => await ReadAsync(files, file, token));
    }

    private async Task ReadAsync(MountedFiles files, ClusterFile file, CancellationToken cancellationToken)
    {
        try
        {
            if (await files.OpenAsync(file.Path, [(0, file.Size)], cancellationToken) is { } content) // Else dropped since.
            {
                await using var _ = content;
                await ReadAsync(files, file, content, cancellationToken);
            }
        }
        catch (ClusterException unreadable) when (unreadable.Failure == ClusterFailure.QueryFailed)
        {
            _damaged.Enqueue(unreadable.Message);
        }

        context.Progress.Add(1, 0);
    }

    private async Task ReadAsync(MountedFiles files, ClusterFile file, IClusterFileContent content, CancellationToken cancellationToken)
    {
        var relation = RelationFile.TryParse(file.Path)!.Value;
        var range = ArrayPool<byte>.Shared.Rent(RemoteFileReader.RangeLength);
        uint block = 0;
        var bad = 0;
        while (await content.ReadAsync(range.AsMemory(0, RemoteFileReader.RangeLength), cancellationToken) is > 0 and var length)
        {
            for (var at = 0; at + PageChecksums.PageSize <= length; at += PageChecksums.PageSize, block++)
            {
                if (!PageChecksums.IsIntact(range.AsSpan(at, PageChecksums.PageSize), relation.FirstBlock + block)
                    && (bad >= RereadPages || !await BecomesIntactAsync(files, file, relation, block, cancellationToken))
                    && ++bad <= RereadPages)
                {
                    _damaged.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{file.Path}: block {block} contradicts its checksum"));
                }
            }

            Interlocked.Add(ref _pages, length / PageChecksums.PageSize);
            context.Progress.Add(0, length);
        }

        ArrayPool<byte>.Shared.Return(range);
        if (bad > RereadPages)
        {
            _damaged.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{file.Path}: so do {bad - RereadPages} more of its {block} blocks"));
        }
    }

    private static async Task<bool> BecomesIntactAsync(MountedFiles files, ClusterFile file, RelationFile relation, uint block, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Rereads; attempt++)
        {
            await Task.Delay(RereadDelay, cancellationToken);
            var page = await files.ReadRangeAsync(file.Path, (long)block * PageChecksums.PageSize, PageChecksums.PageSize, cancellationToken);
            if (page.Length < PageChecksums.PageSize || PageChecksums.IsIntact(page, relation.FirstBlock + block))
            {
                return true; // Truncated since, or written.
            }
        }

        return false;
    }
}
