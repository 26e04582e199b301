using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// Keeps the order that makes a base backup valid: all data files, then <c>pg_control</c>, then the end of the backup, then
/// the WAL, the label and the facts that only the end knows. Whoever needs a later step waits here for the earlier ones.
/// </summary>
internal sealed class BackupEnd(
    ClusterConnection cluster, BaseBackupSession session, ClusterListing listing, IReadOnlyList<Tablespace> before, ClusterCatalog catalog, BackupParent parent, KnownChanges changes, Cuts cuts,
    PageProblems problems)
{
    private readonly TaskCompletionSource _dataRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ControlData> _controlRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private int _unread = listing.Files.Count(file => !file.IsDirectory && file.Path != ControlData.Path);
    private Task<Ending>? _ending;

    /// <summary>A data file was read to its end, taken over unread, or given up. Once for each.</summary>
    public void DataFileDone()
    {
        if (Interlocked.Decrement(ref _unread) == 0)
        {
            _dataRead.SetResult();
        }
    }

    /// <summary>Reads <c>pg_control</c>, after all other data files.</summary>
    public async Task<byte[]> ReadControlAsync(RemoteFileReader reader, CancellationToken cancellationToken)
    {
        await _dataRead.Task.WaitAsync(cancellationToken);
        var (file, data) = await reader.ReadControlAsync(cancellationToken);
        _controlRead.TrySetResult(data);
        return file;
    }

    /// <summary>Ends the backup at the first call, after <c>pg_control</c> was read; later calls get the same answer.</summary>
    public async Task<Ending> GetAsync(CancellationToken cancellationToken)
    {
        var control = await _controlRead.Task.WaitAsync(cancellationToken);
        lock (_gate)
        {
            _ending ??= EndAsync(control, cancellationToken);
        }

        return await _ending.WaitAsync(cancellationToken);
    }

    private async Task<Ending> EndAsync(ControlData control, CancellationToken cancellationToken)
    {
        var databases = await catalog.ReadAsync(cancellationToken);
        var stop = await session.StopAsync(cancellationToken);
        await RefuseChangedTablespacesAsync(cancellationToken);
        return new Ending(stop, new BaseBackupFacts
        {
            Version = BaseBackupFacts.CurrentVersion,
            Cut = Cut(control, stop, databases),
            Superuser = session.Server.Superuser,
            DataDirectory = session.Server.DataDirectory,
            WalSegmentBytes = session.Server.WalSegmentSize,
            Settings = session.Server.Settings,
            Tablespaces = [.. listing.Tablespaces.Select(tablespace => new TablespaceFacts(tablespace.Oid, tablespace.Name, tablespace.Location))],
            Read = new ReadFacts
            {
                ListedAt = listing.FileClock, DirectoryMadeAt = listing.DirectoryMadeAt, AllReadAt = parent.AllReadAt ?? listing.FileClock,
                ServerStartedAt = session.Server.StartedAt, CutBytes = cuts.TableBytes, DamagedFiles = problems.Files,
            },
        });
    }

    // The replay of CREATE TABLESPACE makes a link to the original location: a copy on the same host would write there. It begins before the listing.
    private async Task RefuseChangedTablespacesAsync(CancellationToken cancellationToken)
    {
        var now = await Tablespace.ReadAllAsync(cluster, cancellationToken);
        if (!now.SequenceEqual(before) || !listing.Tablespaces.SequenceEqual(before))
        {
            throw new ClusterException(ClusterFailure.Unsuitable, "a tablespace was created, moved or dropped during the backup", "take the backup again");
        }
    }

    private DatabaseCut Cut(ControlData control, BackupStop stop, IReadOnlyList<DatabaseSummary> databases) => new()
    {
        SystemIdentifier = control.SystemIdentifier.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Timeline = (int)stop.Timeline,
        StartLsn = session.Start.ToString(),
        StopLsn = stop.Stop.ToString(),
        MajorVersion = session.Server.MajorVersion,
        ServerVersion = session.Server.Version,
        PageChecksums = session.Server.PageChecksums,
        Databases = databases,
        Read = changes.Rule,
        ReadReason = changes.Reason,
    };

    /// <summary>The server's answer and the facts of the snapshot.</summary>
    internal sealed record Ending(BackupStop Stop, BaseBackupFacts Facts);
}
