using System.Text;
using Prometheus;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

public sealed class WalMetricsTests
{
    private static readonly WalArchiverStatus AtWork = new()
    {
        Activity = WalActivity.Streaming,
        SystemIdentifier = 1,
        Server = new Lsn(300),
        Archived = new Lsn(100),
        LastCommitAt = DateTimeOffset.UnixEpoch,
        CaughtUpAt = DateTimeOffset.UnixEpoch,
        OpenGaps = 1,
        Slot = new ReplicationSlot { Name = "slot", Active = true, RetainedBytes = 7000, SafeBytes = 1000 },
    };

    [Fact]
    public async Task A_worker_that_another_one_took_over_from_tells_no_figures_of_the_slot_and_the_archive_any_more()
    {
        var status = AtWork;
        using var metrics = new WalMetrics("failed-over", () => status);
        Assert.Contains("stella_wal_slot_retained_bytes{cluster=\"failed-over\"} 7000", await ScrapedAsync("failed-over"));
        Assert.Contains("stella_wal_archive_lag_bytes{cluster=\"failed-over\"} 200", await ScrapedAsync("failed-over"));

        status = AtWork with { Activity = WalActivity.Standby };
        Assert.Equal(
            ["stella_wal_bytes_archived_total", "stella_wal_bytes_stored_total", "stella_wal_segments_archived_total", "stella_wal_store_failures_total", "stella_wal_streaming"],
            (await ScrapedAsync("failed-over")).Select(line => line.Split('{')[0]).Order(StringComparer.Ordinal));

        status = AtWork;
        Assert.Contains("stella_wal_gaps_open{cluster=\"failed-over\"} 1", await ScrapedAsync("failed-over"));
    }

    [Fact]
    public async Task How_far_the_archive_is_behind_is_not_told_before_anything_of_the_timeline_is_in_it()
    {
        var status = AtWork with { Activity = WalActivity.Watching, Archived = default };
        using var metrics = new WalMetrics("silent", () => status);
        Assert.DoesNotContain(await ScrapedAsync("silent"), line => line.StartsWith("stella_wal_archive_lag_bytes", StringComparison.Ordinal));
        var standing = WalStandings.Of(status);
        Assert.Null(standing.ArchivedTo);
        Assert.Null(standing.LagBytes);

        standing = WalStandings.Of(AtWork);
        Assert.Equal("0/64", standing.ArchivedTo);
        Assert.Equal(200L, standing.LagBytes);
    }

    [Fact]
    public async Task A_limit_that_the_slot_no_longer_has_is_not_told()
    {
        var status = AtWork;
        using var metrics = new WalMetrics("unlimited", () => status);
        Assert.Contains("stella_wal_slot_safe_bytes{cluster=\"unlimited\"} 1000", await ScrapedAsync("unlimited"));

        status = AtWork with { Slot = AtWork.Slot! with { SafeBytes = null } };
        Assert.DoesNotContain(await ScrapedAsync("unlimited"), line => line.StartsWith("stella_wal_slot_safe_bytes", StringComparison.Ordinal));
    }

    /// <summary>The series of a cluster: all tests share the process' registry.</summary>
    private static async Task<IReadOnlyList<string>> ScrapedAsync(string cluster)
    {
        using var text = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return [.. Encoding.UTF8.GetString(text.ToArray()).Split('\n').Where(line => line.Contains($"cluster=\"{cluster}\"", StringComparison.Ordinal))];
    }
}
