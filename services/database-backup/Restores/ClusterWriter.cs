using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>
/// Writes a cluster from a snapshot. While it works there is no <c>pg_control</c>, so a crash leaves a directory on which no
/// server starts; the last step puts it in place after everything else is on the disk.
/// </summary>
internal sealed class ClusterWriter(ResticRepository repository, Account owner)
{
    private readonly Restorer _restorer = new(repository);

    /// <summary>Reads the trees, and of the data what <paramref name="verify"/> says; changes nothing.</summary>
    public async Task<RestoreSize> CheckAsync(
        DatabaseSnapshot snapshot, RestoreTarget target, VerifyFirst verify, TaskProgressMeter meter, CancellationToken cancellationToken)
    {
        var size = await _restorer.CheckAsync(Request(snapshot, "/", target.Directory, null), cancellationToken);
        if (verify != VerifyFirst.Nothing)
        {
            meter.Begin(PhaseClock.Verify, size.Files, size.Bytes);
            foreach (var (subtree, directory) in Parts(snapshot, target))
            {
                await _restorer.CheckAsync(Request(snapshot, subtree, directory, meter) with { VerifyFirst = verify }, cancellationToken);
            }
        }

        return size;
    }

    /// <summary>Bytes that each place of the target gets.</summary>
    public async Task<IReadOnlyList<(string Directory, long Bytes)>> MeasureAsync(DatabaseSnapshot snapshot, RestoreTarget target, CancellationToken cancellationToken)
    {
        var places = new List<(string, long)>();
        foreach (var (subtree, directory) in Parts(snapshot, target))
        {
            places.Add((directory, (await _restorer.CheckAsync(Request(snapshot, subtree, directory, null), cancellationToken)).Bytes));
        }

        return places;
    }

    /// <summary>Writes the cluster.</summary>
    /// <param name="snapshot">What.</param>
    /// <param name="target">Where.</param>
    /// <param name="meter">Gets the progress.</param>
    /// <param name="cancellationToken">Gives up; the directory is no cluster then.</param>
    /// <param name="recovery">Target of the replay that follows; null where none does.</param>
    /// <param name="histories">Files of timelines that the cluster must not begin anew (<see cref="TakenTimelines"/>).</param>
    public async Task<RestoreReport> WriteAsync(
        DatabaseSnapshot snapshot, RestoreTarget target, TaskProgressMeter meter, CancellationToken cancellationToken, RecoveryTarget? recovery = null,
        IReadOnlyDictionary<string, byte[]>? histories = null)
    {
        RemoveControlFile(target.DataDirectory);
        MakeOwnDirectories(snapshot, target);
        var report = new RestoreReport { FilesWritten = 0, FilesUnchanged = 0, FilesDeleted = 0, BytesWritten = 0, Conflicts = [], Warnings = [] };
        foreach (var (subtree, directory) in Parts(snapshot, target))
        {
            report = Sum(report, await _restorer.RunAsync(Request(snapshot, subtree, directory, meter), cancellationToken));
        }

        if (target.Root is null)
        {
            LinkTablespaces(snapshot, target.DataDirectory);
        }

        WriteHistories(Path.Combine(target.DataDirectory, TakenTimelines.WalDirectory), histories ?? new Dictionary<string, byte[]>());
        Complete(target.DataDirectory, recovery);
        return report;
    }

    // In place, tablespaces go to where they were: only the directory of this server's version, as others may share the place.
    private static IEnumerable<(string Subtree, string Directory)> Parts(DatabaseSnapshot snapshot, RestoreTarget target) => target.Root is { } root
        ? [("/", root)]
        : snapshot.TablespacePlaces
            .Select(own => ($"/{SnapshotLayout.Tablespaces}/{own.Tablespace.Oid}/{Path.GetFileName(own.Place)}", own.Place))
            .Append(($"/{SnapshotLayout.DataDirectory}", target.DataDirectory));

    // Directories that the snapshot has no metadata for.
    private void MakeOwnDirectories(DatabaseSnapshot snapshot, RestoreTarget target)
    {
        var own = target.Root is { } root ? [root] : snapshot.Facts.Tablespaces.Select(tablespace => tablespace.Location);
        foreach (var directory in own.Where(directory => !Directory.Exists(directory) || target.Root is not null))
        {
            Directory.CreateDirectory(directory, (UnixFileMode)0b111_000_000);
            GiveIfRoot(directory);
        }
    }

    private RestoreRequest Request(DatabaseSnapshot snapshot, string subtree, string directory, TaskProgressMeter? meter)
    {
        var totals = meter is null ? null : new RunningTotals(meter);
        return new RestoreRequest
        {
            Snapshot = snapshot.Snapshot,
            Subtree = subtree,
            TargetDirectory = directory,
            Existing = ExistingFiles.Delta,
            DeleteExtra = true,
            WriteLast = ControlFileTransform.IsControlFile,
            Transform = new ControlFileTransform(),
            Differs = NewerPages.Than(Lsn.Parse(snapshot.Facts.Cut.StopLsn)),
            Owners = OwnerMap.Fixed(owner.UserId, owner.GroupId),

            // A full disk must not surprise the server later, in the middle of a file that seems to be there.
            Sparse = false,
            OnProgress = totals is null ? null : progress => totals.Report(progress.Files, progress.Bytes),
        };
    }

    private static void RemoveControlFile(string dataDirectory)
    {
        var control = Path.Combine(dataDirectory, ControlData.Path);
        if (File.Exists(control))
        {
            // Durable before the first change: from now on the old cluster cannot be started by mistake.
            File.Delete(control);
            DurableFiles.Sync(Path.GetDirectoryName(control)!);
        }
    }

    // The snapshot's links are relative to itself; in place they point to where the tablespaces were.
    private void LinkTablespaces(DatabaseSnapshot snapshot, string dataDirectory)
    {
        var links = Path.Combine(dataDirectory, SnapshotLayout.TablespaceLinks);
        foreach (var tablespace in snapshot.Facts.Tablespaces)
        {
            var link = Path.Combine(links, $"{tablespace.Oid}");
            File.Delete(link);
            File.CreateSymbolicLink(link, tablespace.Location);
            GiveIfRoot(link);
        }

        DurableFiles.Sync(links);
    }

    // Durable before the cluster can be started: a server that did not find them would write over what is archived.
    private void WriteHistories(string directory, IReadOnlyDictionary<string, byte[]> histories)
    {
        foreach (var (name, content) in histories)
        {
            var file = Path.Combine(directory, name);
            File.WriteAllBytes(file, content);
            DurableFiles.Sync(file);
            GiveIfRoot(file);
        }

        DurableFiles.Sync(directory);
    }

    private void Complete(string dataDirectory, RecoveryTarget? recovery)
    {
        foreach (var file in NewLineage.Prepare(dataDirectory, recovery))
        {
            GiveIfRoot(file);
        }

        // Durable by now: everything. After the rename a server may start, also after a power failure.
        var control = Path.Combine(dataDirectory, ControlData.Path);
        File.Move(Path.Combine(dataDirectory, ControlFileTransform.RestoredPath), control, overwrite: true);
        DurableFiles.Sync(Path.GetDirectoryName(control)!);
    }

    private void GiveIfRoot(string path) => Ownership.GiveIfRoot(path, owner);

    private static RestoreReport Sum(RestoreReport left, RestoreReport right) => new()
    {
        FilesWritten = left.FilesWritten + right.FilesWritten,
        FilesUnchanged = left.FilesUnchanged + right.FilesUnchanged,
        FilesDeleted = left.FilesDeleted + right.FilesDeleted,
        BytesWritten = left.BytesWritten + right.BytesWritten,
        Conflicts = [.. left.Conflicts, .. right.Conflicts],
        Warnings = [.. left.Warnings, .. right.Warnings],
    };
}
