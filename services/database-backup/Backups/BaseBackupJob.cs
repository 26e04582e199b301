using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Takes a base backup of the running cluster into a snapshot that needs nothing else to start.</summary>
internal sealed class BaseBackupJob(ResticRepository repository, DatabaseSettings settings, TimeProvider clock, long smallDatabase = Cuts.SmallDatabase)
{
    // Next to those that read files: one that looks again at a page, one for the catalog queries at the end.
    private const int OtherConnections = 2;

    public async Task<TaskResult> RunAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetUtcNow();
        await using var cluster = SourceConnection.Open(settings, settings.Connections + OtherConnections);

        var tablespaces = await Tablespace.ReadAllAsync(cluster, cancellationToken);

        // From here on the server keeps all WAL. When this process dies, the server drops the slot and the backup by itself.
        context.Progress.Begin("checkpoint");
        await using var session = await BaseBackupSession.StartAsync(cluster, $"stella ops backup {spec.PointName}", settings.Checkpoint, cancellationToken);
        context.Log.Info($"base backup of PostgreSQL {session.Server.Version} at {cluster.Endpoint} started at {session.Start}");

        var reader = new RemoteFileReader(cluster);
        var (_, control) = await reader.ReadControlAsync(cancellationToken);
        var listing = await ClusterListing.ReadAsync(cluster, session.Server.MajorVersion, control, cancellationToken);
        context.Progress.Begin("read", listing.Files.Count(file => !file.IsDirectory), listing.Files.Where(file => !file.IsDirectory).Sum(file => file.Size));

        var history = new ParentHistory(cluster, new SnapshotWal(repository));
        var parent = await BackupParent.FindAsync(repository, BackupPosition.Of(session, control, listing), history, settings.FullReadDays, context.PassOver, cancellationToken);
        var cuts = await Cuts.ChooseAsync(cluster, listing, session.Server.MajorVersion, parent.CutBytes, smallDatabase, context.Log, cancellationToken);
        var changes = await KnownChanges.FindAsync(cluster, session, parent, cuts, cancellationToken);
        context.Log.Info(Description(parent, changes));
        var (files, where) = await new ClusterFileChoice(settings, cluster).ChooseAsync(session.Server, reader, cancellationToken);
        context.Log.Info(where);
        var problems = new PageProblems();
        var end = new BackupEnd(cluster, session, listing, tablespaces, new ClusterCatalog(cluster, settings, context.Log), parent, changes, cuts, problems);
        var entries = new EntryFactory(files, session.Server.GroupReadable, Account.Find(settings.RunAs), startedAt, cuts);
        var source = new ClusterFileSource(session, listing, reader, files, end, entries, problems, parent, changes);
        var archived = await new Archiver(repository, clock).RunAsync(source, Request(context, listing, parent), cancellationToken);

        var ending = await end.GetAsync(cancellationToken);
        context.Log.Info($"base backup ended at {ending.Facts.Cut.StopLsn}: {archived.Files} files, {archived.FilesUnmodified} of them unread, {archived.Bytes} bytes, {archived.BytesRead} read, {archived.BytesAdded} bytes new in the repository");
        return Result(archived, problems, ending.Facts.Cut, startedAt);
    }

    private static string Description(BackupParent parent, KnownChanges changes) => changes.Rule switch
    {
        ReadRule.All => $"every file is read: {changes.Reason}",
        ReadRule.ChangedFiles => $"files that changed since {parent.Snapshot!.Id} are read, with all their blocks: {changes.Reason}",
        _ => $"blocks that changed since {parent.Snapshot!.Id} are read",
    };

    private ArchiveRequest Request(TaskContext context, ClusterListing listing, BackupParent parent) => new()
    {
        Paths = listing.Tablespaces.Count == 0
            ? [$"/{BaseBackupFacts.FileName}", $"/{SnapshotLayout.DataDirectory}"]
            : [$"/{BaseBackupFacts.FileName}", $"/{SnapshotLayout.DataDirectory}", $"/{SnapshotLayout.Tablespaces}"],
        Hostname = Environment.MachineName,
        Tags = context.SnapshotTags,
        Parent = parent.Snapshot,
        TrustedBefore = parent.TrustedBefore,
        Readers = settings.Connections,
        OnProgress = new RunningTotals(context.Progress).Report,
    };

    private TaskResult Result(ArchiveResult archived, PageProblems pages, DatabaseCut cut, DateTimeOffset startedAt)
    {
        // A file that vanished was dropped or truncated: replaying WAL drops it in the copy as well.
        var unread = archived.Problems.Where(problem => !problem.Vanished).ToList();
        var missing = pages.ToMissing().Concat(unread.Select(problem => new MissingItem { Path = problem.Path, Reason = problem.Reason }));
        var missingCount = pages.Count + unread.Count;
        var outcome = missingCount == 0 ? Outcome.Complete : Outcome.Incomplete;
        return new TaskResult
        {
            Outcome = outcome,
            Missing = [.. missing.Take(TaskResult.MaxMissing)],
            MissingCount = missingCount,
            Snapshot = new ComponentSnapshot
            {
                Component = Component.Database,
                Outcome = outcome,
                RepositoryId = repository.Id,
                SnapshotId = archived.Snapshot.Id.ToString(),
                StartedAt = startedAt,
                FinishedAt = clock.GetUtcNow(),
                Files = archived.Files,
                Bytes = archived.Bytes,
                BytesAdded = archived.BytesAdded,
                BytesRead = archived.BytesRead,
                Database = cut,
                MissingCount = missingCount,
            },
        };
    }
}
