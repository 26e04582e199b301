using System.Runtime.InteropServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Prometheus;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Diagnostics;

/// <summary>What a coordinator knows of itself, for those who help from outside.</summary>
internal sealed class DiagnosticsReport(CatalogContext catalog, IObjectStore location, IConfiguration configuration, ServiceIdentity identity, TimeProvider clock)
{
    private const string TablesSql = "SELECT relname::text, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY 1";

    /// <summary>A bucket with millions of objects must not hold up the rest.</summary>
    private static readonly TimeSpan ListingLimit = TimeSpan.FromSeconds(30);

    public async Task<DiagnosticsView> ReadAsync(CancellationToken cancellationToken)
    {
        var (folders, whole) = await FoldersAsync(cancellationToken);
        return new DiagnosticsView
        {
            Version = identity.Version,
            Host = identity.Host,
            Runtime = $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors",
            StartedAt = identity.StartedAt,
            Configuration = RedactedSettings.Of(configuration),
            Catalog = await TablesAsync(cancellationToken),
            Location = folders,
            LocationWhole = whole,
            Metrics = await MetricsAsync(cancellationToken),
        };
    }

    private async Task<IReadOnlyList<TableSize>> TablesAsync(CancellationToken cancellationToken)
    {
        await catalog.Database.OpenConnectionAsync(cancellationToken);
        var command = catalog.Database.GetDbConnection().CreateCommand();
        await using var _ = command;
        command.CommandText = TablesSql;
        var tables = new List<TableSize>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(new TableSize { Table = reader.GetString(0), Rows = reader.GetInt64(1), Bytes = reader.GetInt64(2) });
        }

        return tables;
    }

    private async Task<(IReadOnlyList<FolderSize> Folders, bool Whole)> FoldersAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(ListingLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var folders = new SortedDictionary<string, FolderSize>(StringComparer.Ordinal);
        try
        {
            await foreach (var found in location.ListAsync("", either.Token))
            {
                var name = found.Key.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? found.Key[..slash] : found.Key;
                var before = folders.GetValueOrDefault(name) ?? new FolderSize { Folder = name, Objects = 0, Bytes = 0 };
                folders[name] = before with { Objects = before.Objects + 1, Bytes = before.Bytes + found.Length };
            }

            return ([.. folders.Values], true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ([.. folders.Values], false);
        }
        catch (StorageException)
        {
            // The doctor's report, which is gathered beside this, says what is wrong with it.
            return ([.. folders.Values], false);
        }
    }

    private static async Task<string> MetricsAsync(CancellationToken cancellationToken)
    {
        var text = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(text, cancellationToken);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}
