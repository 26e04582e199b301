using Prometheus;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>Metrics of the WAL archive, read from the archiver's status at each scrape.</summary>
internal sealed class WalMetrics : IDisposable
{
    private static readonly string[] ByCluster = ["cluster"];
    private static readonly Gauge Streaming = Gauge("stella_wal_streaming", "1 while this process receives WAL, 0 while it connects, its spool is full, or another worker has the slot.");
    private static readonly Gauge Lag = Gauge("stella_wal_archive_lag_bytes", "WAL that the server has written and the archive does not have; absent while nothing of its timeline is archived.");
    private static readonly Gauge CaughtUp = Gauge("stella_wal_caught_up_timestamp", "Unix time when the archive last had all that the server had.");
    private static readonly Gauge LastCommit = Gauge("stella_wal_last_commit_timestamp", "Unix time of the newest archived commit, by the server's clock.");
    private static readonly Gauge Spool = Gauge("stella_wal_spool_segments", "Segments that wait in the spool.");
    private static readonly Gauge SpoolCapacity = Gauge("stella_wal_spool_capacity_segments", "Segments that the spool can hold.");
    private static readonly Gauge Retained = Gauge("stella_wal_slot_retained_bytes", "WAL that the server keeps for the slot.");
    private static readonly Gauge Safe = Gauge("stella_wal_slot_safe_bytes", "WAL that can be written before the slot is lost; absent without max_slot_wal_keep_size.");
    private static readonly Gauge Gaps = Gauge("stella_wal_gaps_open", "Open gaps of the archive.");
    private static readonly Counter Segments = Counter("stella_wal_segments_archived_total", "Segments archived by this process.");
    private static readonly Counter Bytes = Counter("stella_wal_bytes_archived_total", "Plain bytes archived by this process, tails included.");
    private static readonly Counter Stored = Counter("stella_wal_bytes_stored_total", "Bytes stored for them.");
    private static readonly Counter Failures = Counter("stella_wal_store_failures_total", "Writes to the location that failed and were tried again.");

    private static readonly Gauge[] OfTheOneAtWork = [Lag, CaughtUp, LastCommit, Spool, SpoolCapacity, Retained, Safe, Gaps];

    private readonly string _cluster;
    private readonly Func<WalArchiverStatus?> _status;
    private bool _ended;

    public WalMetrics(string cluster, Func<WalArchiverStatus?> status)
    {
        (_cluster, _status) = (cluster, status);
        Metrics.DefaultRegistry.AddBeforeCollectCallback(Update);
    }

    public void Dispose() => _ended = true;

    private void Update()
    {
        if (_ended || _status() is not { } status)
        {
            return;
        }

        Streaming.WithLabels(_cluster).Set(status.Activity is WalActivity.Streaming ? 1 : 0);
        Failures.WithLabels(_cluster).IncTo(status.StoreFailures);
        if (status.Activity is WalActivity.Standby)
        {
            // Those of the process at work count: what this one knew when it was at work itself would stand for good.
            foreach (var gauge in OfTheOneAtWork)
            {
                gauge.RemoveLabelled(_cluster);
            }

            return;
        }

        if (status.SystemIdentifier == 0)
        {
            return;
        }

        Set(Lag, status.LagBytes);
        Set(CaughtUp, Seconds(status.CaughtUpAt));
        Set(LastCommit, Seconds(status.LastCommitAt));
        Set(Spool, status.SpoolSegments);
        Set(SpoolCapacity, status.SpoolCapacity);
        Set(Retained, status.Slot?.RetainedBytes);
        Set(Safe, status.Slot?.SafeBytes);
        Set(Gaps, status.OpenGaps);
        Segments.WithLabels(_cluster).IncTo(status.SegmentsArchived);
        Bytes.WithLabels(_cluster).IncTo(status.BytesArchived);
        Stored.WithLabels(_cluster).IncTo(status.BytesStored);
    }

    private void Set(Gauge gauge, double? value)
    {
        if (value is { } known)
        {
            gauge.WithLabels(_cluster).Set(known);
        }
        else
        {
            gauge.RemoveLabelled(_cluster);
        }
    }

    private static double? Seconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() / 1000.0;

    private static Gauge Gauge(string name, string help) => Metrics.CreateGauge(name, help, ByCluster);

    private static Counter Counter(string name, string help) => Metrics.CreateCounter(name, help, ByCluster);
}
