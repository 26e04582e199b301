namespace StellaOps.Backup.Wal.Streaming;

/// <summary>How one cluster's WAL is archived.</summary>
public sealed record WalArchiverOptions
{
    /// <summary>Name of the cluster in the configuration.</summary>
    public required string Cluster { get; init; }

    /// <summary>Replication slot; made where it is missing.</summary>
    public required string Slot { get; init; }

    /// <summary>Directory of the spool; a directory for each system identifier is made in it.</summary>
    public required string SpoolDirectory { get; init; }

    /// <summary>Bound of the spool.</summary>
    public long SpoolBytes { get; init; } = 4L << 30;

    /// <summary>
    /// How long a full spool holds the stream back before it is closed. As long as that, a server that wants the slot back, or wants to end, may have
    /// to wait: its process hangs in sending.
    /// </summary>
    public TimeSpan FullPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>False where the server archives by <c>archive_command</c>: then only ledger and manifests are kept here.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>The unfinished segment is shipped as often while there is traffic.</summary>
    public TimeSpan TailInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks at the slot.</summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between two comparisons of the listing with manifests and ledger.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Longest stretch of time in one manifest.</summary>
    public TimeSpan ManifestInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>First pause after a failure; it doubles up to five seconds, and up to thirty while server and archive have two histories.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Threads that compress, encrypt and store. Each takes about three segments of memory.</summary>
    public int Writers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 2);

    /// <summary>Directory with plain segments of another archive, to refill gaps from; null without one.</summary>
    public string? ArchiveDirectory { get; init; }
}
