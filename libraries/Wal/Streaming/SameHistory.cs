using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>Whether a server wrote what the archive, and the spool before it, has of its timeline: compared before anything of it is received.</summary>
internal sealed class SameHistory(ClusterConnection cluster, ClusterArchive archive, IWalJournal journal)
{
    /// <param name="timeline">Timeline of the server.</param>
    /// <param name="start">Where streaming is to begin.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>.</exception>
    /// <exception cref="ClusterException">The server cannot be asked.</exception>
    public async Task RequireAsync(uint timeline, StartPoint start, CancellationToken cancellationToken)
    {
        var system = archive.Archive.Keys.SystemIdentifier;
        var end = ArchivedEnd(timeline);

        // Asked after the archive was listed. What a server once had on its disk it has for ever; a standby may still have to receive it.
        var server = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);
        if (server.Position < end)
        {
            if (!server.IsStandby)
            {
                throw WalConflict.Of($"the archive has WAL of timeline {timeline} of cluster {system} up to {end}, the server up to {server.Position} only");
            }

            return;
        }

        if (start.Behind is { } last && await DigestAsync(last, cancellationToken).ConfigureAwait(false) is { } digest
            && await ReadAsync(last, cancellationToken).ConfigureAwait(false) is { } whole && WalDigest.Of(whole) != digest)
        {
            throw WalConflict.Other(system, $"segment {last}");
        }

        if (Parts(start) is [{ Name: var name }, ..] parts && await ReadAsync(name, cancellationToken).ConfigureAwait(false) is { } unfinished)
        {
            WalConflict.RequireParts(system, parts, unfinished);
        }
    }

    /// <summary>Behind everything of a timeline that is in the archive, or waits in the spool for it.</summary>
    private Lsn ArchivedEnd(uint timeline)
    {
        var files = archive.Files;
        lock (archive.Inventory)
        {
            var archived = archive.Inventory.Segments.Keys.Concat(archive.Inventory.Unfinished).Where(name => name.Timeline == timeline)
                .Select(name => new Lsn(files.StartOf(files.NumberOf(name) ?? 0).Value + (ulong)archive.Inventory.Available(name)));
            var waiting = archive.Spool.WaitingNames.Where(name => name.Timeline == timeline).Select(name => files.StartOf((files.NumberOf(name) ?? 0) + 1));
            return archived.Concat(waiting).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Of a whole segment in the archive, or of one that waits for it; null of one that is in neither.</summary>
    private async Task<string?> DigestAsync(WalName name, CancellationToken cancellationToken) =>
        Archived(name) ?? (await archive.Spool.ReadAsync(name, cancellationToken).ConfigureAwait(false) is { } waiting ? WalDigest.Of(waiting) : Archived(name));

    private string? Archived(WalName name)
    {
        lock (archive.Inventory)
        {
            return archive.Inventory.Segments.GetValueOrDefault(name)?.Digest;
        }
    }

    /// <summary>What the archive has of the segment that is received first.</summary>
    private IReadOnlyList<ArchivedTail> Parts(StartPoint start)
    {
        lock (archive.Inventory)
        {
            return WalName.TryParse(archive.Files.SegmentAt(start.Timeline, start.Start), out var name) ? archive.Inventory.Tails(name) : [];
        }
    }

    private async Task<byte[]?> ReadAsync(WalName name, CancellationToken cancellationToken)
    {
        try
        {
            return await ServerWal.ReadAsync(cluster, name.ToString(), archive.Files.SegmentSize, cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException failure)
        {
            journal.Warning($"segment {name} of the server cannot be compared with the archive: {failure.Message}");
            return null;
        }
    }
}
