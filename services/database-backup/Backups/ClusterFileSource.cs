using System.Text;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// A running cluster as a tree of files, laid out as <see cref="SnapshotLayout"/> says. The archiver walks in the order of the
/// listings, so everything that needs the end of the backup is listed last; listing <c>pg_wal</c> ends it.
/// </summary>
internal sealed class ClusterFileSource(
    BaseBackupSession session, ClusterListing listing, RemoteFileReader server, IClusterFiles files, BackupEnd end, EntryFactory entries, PageProblems problems,
    BackupParent parent, KnownChanges changes) : IFileSource
{
    private readonly RemoteDirectory _data = new("");

    /// <inheritdoc/>
    public SourceEntry Root => entries.Directory("/", new RootDirectory());

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) => directory.Handle switch
    {
        RootDirectory => ListRoot(),
        TablespacesDirectory => [.. listing.Tablespaces.Select(tablespace => entries.Directory($"{tablespace.Oid}", new RemoteDirectory($"{SnapshotLayout.TablespaceLinks}/{tablespace.Oid}")))],
        WalDirectory => await ListWalAsync(cancellationToken),
        RemoteDirectory remote => ListRemote(remote),
        _ => throw new ArgumentException($"not a directory of this source: {directory.Name}", nameof(directory)),
    };

    /// <inheritdoc/>
    public async ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) => file.Handle switch
    {
        ClusterFile { Path: ControlData.Path } => new BytesContent(file, await end.ReadControlAsync(server, cancellationToken)),
        ClusterFile data => await OpenDataAsync(file, data, [(0, DataFileContent.LengthToRead(data))], cancellationToken),
        WalSegment wal => await OpenWalAsync(file, wal, cancellationToken),
        LabelFile => new BytesContent(file, Encoding.UTF8.GetBytes((await end.GetAsync(cancellationToken)).Stop.BackupLabel)),
        FactsFile => new BytesContent(file, (await end.GetAsync(cancellationToken)).Facts.ToJson()),
        _ => throw new ArgumentException($"not a file of this source: {file.Name}", nameof(file)),
    };

    /// <inheritdoc/>
    public async ValueTask<IFileContent> OpenPartsAsync(SourceEntry file, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken) =>
        await OpenDataAsync(file, (ClusterFile)file.Handle!, parts, cancellationToken);

    /// <inheritdoc/>
    public void Unchanged(SourceEntry file) => end.DataFileDone();

    private List<SourceEntry> ListRoot()
    {
        List<SourceEntry> root = [entries.Directory(SnapshotLayout.DataDirectory, _data), entries.File(BaseBackupFacts.FileName, new FactsFile(), 0)];
        if (listing.Tablespaces.Count > 0)
        {
            root.Insert(0, entries.Directory(SnapshotLayout.Tablespaces, new TablespacesDirectory()));
        }

        return root;
    }

    private IReadOnlyList<SourceEntry> ListRemote(RemoteDirectory directory)
    {
        // pg_control after all that is in the same directory, its directory after all others, and pg_wal at the very end.
        var listed = listing.In(directory.Path)
            .OrderBy(file => file.Path is ControlData.Path or "global" ? 1 : file.Path == SnapshotLayout.Wal ? 2 : 0)
            .Select(Entry);
        return directory == _data ? [.. listed, entries.File("backup_label", new LabelFile(), 0)] : [.. listed];
    }

    private SourceEntry Entry(ClusterFile file)
    {
        if (file.Path == SnapshotLayout.Wal)
        {
            return entries.Directory(file.Name, new WalDirectory());
        }

        if (file.Directory == SnapshotLayout.TablespaceLinks
            && listing.Tablespaces.FirstOrDefault(tablespace => file.Name == $"{tablespace.Oid}") is { } tablespace)
        {
            return entries.Link(file.Name, SnapshotLayout.LinkTarget(tablespace.Oid));
        }

        return file.IsDirectory ? entries.Directory(file.Name, new RemoteDirectory(file.Path), file.Modified) : entries.File(file, parent.Trusts(file), parent.Trusts(file) ? changes.Of(file) : null);
    }

    private async Task<IReadOnlyList<SourceEntry>> ListWalAsync(CancellationToken cancellationToken)
    {
        var ending = await end.GetAsync(cancellationToken);
        var segments = new WalFiles(session.Server.WalSegmentSize).Segments(ending.Stop.Timeline, session.Start, ending.Stop.Stop)
            .Select(name => entries.File(name, new WalSegment(name, session.Server.WalSegmentSize), session.Server.WalSegmentSize));
        if (ending.Stop.Timeline == 1)
        {
            return [.. segments];
        }

        // The history of the timeline: how it came to be, for whoever recovers across the switch.
        var history = WalFiles.History(ending.Stop.Timeline);
        return [.. segments, entries.File(history, new ClusterFile($"{SnapshotLayout.Wal}/{history}", false, 0, default, default), 0)];
    }

    private async Task<IFileContent> OpenDataAsync(
        SourceEntry file, ClusterFile data, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken)
    {
        // Not a data file of the listing: the history of a timeline, read after the end.
        var counted = !data.Path.StartsWith($"{SnapshotLayout.Wal}/", StringComparison.Ordinal);
        Action done = counted ? end.DataFileDone : () => { };
        try
        {
            var content = await files.OpenAsync(data.Path, parts, cancellationToken)
                ?? throw new SourceException($"{data.Path} was removed during the backup") { Vanished = true };
            return new DataFileContent(file, data, content, files, session, problems, done);
        }
        catch (ClusterException unreadable) when (unreadable.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed)
        {
            done();
            throw new SourceException(unreadable.Message, unreadable);
        }
        catch (SourceException)
        {
            done();
            throw;
        }
    }

    private async Task<IFileContent> OpenWalAsync(SourceEntry file, WalSegment segment, CancellationToken cancellationToken)
    {
        var content = await files.OpenAsync($"{SnapshotLayout.Wal}/{segment.Name}", [(0, segment.Length)], cancellationToken)
            ?? throw new ClusterException(
                ClusterFailure.Unsuitable,
                $"WAL segment {segment.Name} was removed before it could be read, and the backup is worthless without it",
                "raise max_slot_wal_keep_size on the server, or take the backup when less is written");
        return new WalSegmentContent(file, segment, content);
    }

    private sealed record RootDirectory;

    private sealed record TablespacesDirectory;

    private sealed record WalDirectory;

    private sealed record RemoteDirectory(string Path);

    private sealed record LabelFile;

    private sealed record FactsFile;
}

/// <summary>A WAL segment that the backup needs.</summary>
internal sealed record WalSegment(string Name, long Length);
