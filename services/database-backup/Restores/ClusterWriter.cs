using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Progress;
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

    /// <summary>Reads and authenticates everything, or with <paramref name="readData"/> false only the trees, and changes nothing.</summary>
    public Task<RestoreSize> CheckAsync(DatabaseSnapshot snapshot, RestoreTarget target, bool readData, CancellationToken cancellationToken) =>
        _restorer.CheckAsync(Request(snapshot, "/", target.Directory, null) with { VerifyFirst = readData }, cancellationToken);

    public async Task<RestoreReport> WriteAsync(DatabaseSnapshot snapshot, RestoreTarget target, TaskProgressMeter meter, CancellationToken cancellationToken)
    {
        RestoreReport report;
        if (target.Root is { } root)
        {
            Directory.CreateDirectory(root, (UnixFileMode)0b111_000_000);
            GiveIfRoot(root);
            report = await _restorer.RunAsync(Request(snapshot, "/", root, meter), cancellationToken);
        }
        else
        {
            RemoveControlFile(target.DataDirectory);
            report = await WriteTablespacesAsync(snapshot, meter, cancellationToken);
            report = Sum(report, await _restorer.RunAsync(Request(snapshot, $"/{SnapshotLayout.DataDirectory}", target.DataDirectory, meter), cancellationToken));
            LinkTablespaces(snapshot, target.DataDirectory);
        }

        Complete(target.DataDirectory);
        return report;
    }

    private async Task<RestoreReport> WriteTablespacesAsync(DatabaseSnapshot snapshot, TaskProgressMeter meter, CancellationToken cancellationToken)
    {
        var sum = new RestoreReport { FilesWritten = 0, FilesUnchanged = 0, FilesDeleted = 0, BytesWritten = 0, Conflicts = [], Warnings = [] };
        foreach (var tablespace in snapshot.Facts.Tablespaces)
        {
            if (!Directory.Exists(tablespace.Location))
            {
                Directory.CreateDirectory(tablespace.Location, (UnixFileMode)0b111_000_000);
                GiveIfRoot(tablespace.Location);
            }

            if (snapshot.TablespaceDirectories.TryGetValue(tablespace.Oid, out var name))
            {
                var request = Request(snapshot, $"/{SnapshotLayout.Tablespaces}/{tablespace.Oid}/{name}", Path.Combine(tablespace.Location, name), meter);
                sum = Sum(sum, await _restorer.RunAsync(request, cancellationToken));
            }
        }

        return sum;
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
            Owners = OwnerMap.Fixed(owner.UserId, owner.GroupId),
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

    private void Complete(string dataDirectory)
    {
        foreach (var file in NewLineage.Prepare(dataDirectory))
        {
            GiveIfRoot(file);
        }

        // Durable by now: everything. After the rename a server may start, also after a power failure.
        var control = Path.Combine(dataDirectory, ControlData.Path);
        File.Move(Path.Combine(dataDirectory, ControlFileTransform.RestoredPath), control, overwrite: true);
        DurableFiles.Sync(Path.GetDirectoryName(control)!);
    }

    private void GiveIfRoot(string path)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Ownership.Give(path, owner);
        }
    }

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
