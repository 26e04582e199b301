using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Reasons to refuse a restore, all looked at before anything is changed.</summary>
internal sealed class RestoreChecks(DatabaseSettings settings)
{
    public async Task RunAsync(RestoreTarget target, DatabaseSnapshot snapshot, bool keepReplaced, CancellationToken cancellationToken)
    {
        if (PostmasterFile.FindServer(target.DataDirectory) is { } process)
        {
            throw new BackupException(ErrorCodes.ServerRunning, $"a PostgreSQL server (process {process}) works on {target.DataDirectory}");
        }

        if (target.Root is not null)
        {
            RefuseFilledTarget(target.Root, target.MarkerFile);
            return;
        }

        RefuseForeignDirectory(target);
        RefuseOtherVersion(target, snapshot, keepReplaced);
        await RefuseAnsweringServerAsync(target, cancellationToken);
    }

    private static void RefuseFilledTarget(string root, string marker)
    {
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any() && !File.Exists(marker))
        {
            throw new BackupException(ErrorCodes.TargetNotEmpty, $"{root} is not empty");
        }
    }

    // A restore in place deletes what the snapshot does not have: never in a directory that was named by mistake.
    private static void RefuseForeignDirectory(RestoreTarget target)
    {
        var directory = target.DataDirectory;
        if (Directory.Exists(directory)
            && Directory.EnumerateFileSystemEntries(directory).Any(entry => Path.GetFileName(entry) != "lost+found")
            && !File.Exists(Path.Combine(directory, "PG_VERSION"))
            && !File.Exists(target.MarkerFile))
        {
            throw new BackupException(
                ErrorCodes.TargetNotEmpty,
                $"{directory} holds files and is not a PostgreSQL data directory",
                "Check the setting Database:DataDirectory; empty the directory when it is right.");
        }
    }

    private static void RefuseOtherVersion(RestoreTarget target, DatabaseSnapshot snapshot, bool keepReplaced)
    {
        var file = Path.Combine(target.DataDirectory, "PG_VERSION");
        var version = File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        if (version is not null && version != $"{snapshot.Facts.Cut.MajorVersion}" && !keepReplaced)
        {
            throw new BackupException(
                ErrorCodes.VersionMismatch,
                $"{target.DataDirectory} is of PostgreSQL {version}, the point is of {snapshot.Facts.Cut.MajorVersion}",
                "Keep the replaced directory, or restore to another directory, and start it with the programs of the point's version.");
        }
    }

    // postmaster.pid does not tell of a server in another container that shares the directory; that it answers does.
    private async Task RefuseAnsweringServerAsync(RestoreTarget target, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(target.DataDirectory, ControlData.Path)))
        {
            return; // No server can run on it.
        }

        await using var cluster = SourceConnection.Open(settings, connections: 1);
        try
        {
            await (await cluster.OpenAsync(cancellationToken)).DisposeAsync();
        }
        catch (ClusterException silent) when (silent.Failure == ClusterFailure.Unreachable)
        {
            return;
        }
        catch (ClusterException answered)
        {
            throw new BackupException(ErrorCodes.ServerRunning, $"the server at {cluster.Endpoint} still answers: {answered.Message}", inner: answered);
        }

        throw new BackupException(ErrorCodes.ServerRunning, $"the server at {cluster.Endpoint} still answers");
    }
}
