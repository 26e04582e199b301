using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Reasons to refuse a restore, all looked at before anything is changed.</summary>
internal sealed class RestoreChecks(DatabaseSettings settings)
{
    /// <summary>Looked at twice: at the beginning, and once more right before the first change, as hours of reading may lie between.</summary>
    /// <returns>The server that has to be stopped before the restore, as a sentence; null when none runs. Only a dry run gets one.</returns>
    public async Task<string?> RunAsync(RestoreTarget target, DatabaseSnapshot snapshot, bool keepReplaced, bool dryRun, CancellationToken cancellationToken)
    {
        var running = await FindServerAsync(target, cancellationToken);
        if (running is not null && !dryRun)
        {
            throw new BackupException(ErrorCodes.ServerRunning, running);
        }

        RefuseUnfit(target, snapshot, keepReplaced);
        return running;
    }

    private async Task<string?> FindServerAsync(RestoreTarget target, CancellationToken cancellationToken) =>
        PostmasterFile.FindServer(target.DataDirectory) is { } process ? $"a PostgreSQL server (process {process}) runs on {target.DataDirectory}"
        : target.Root is null ? await FindAnsweringServerAsync(target, cancellationToken)
        : null;

    private static void RefuseUnfit(RestoreTarget target, DatabaseSnapshot snapshot, bool keepReplaced)
    {
        if (target.Root is not null)
        {
            RefuseFilledTarget(target.Root, target.MarkerFile);
            return;
        }

        RefuseForeignDirectory(target);
        RefuseOtherVersion(target, snapshot, keepReplaced);
        TablespaceOwner.RefuseForeign(target, snapshot);
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
    private async Task<string?> FindAnsweringServerAsync(RestoreTarget target, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(target.DataDirectory, ControlData.Path)))
        {
            return null; // No server can run on it.
        }

        await using var cluster = SourceConnection.Open(settings, connections: 1);
        try
        {
            await (await cluster.OpenAsync(cancellationToken)).DisposeAsync();
            return $"the server at {cluster.Endpoint} still answers";
        }
        catch (ClusterException silent) when (silent is { Failure: ClusterFailure.Unreachable, InnerException: not PostgresException })
        {
            return null; // Nobody answered. One that starts, stops or has no free connection refuses, and that is an answer.
        }
        catch (ClusterException answered)
        {
            return $"the server at {cluster.Endpoint} still answers ({answered.Message})";
        }
    }
}
