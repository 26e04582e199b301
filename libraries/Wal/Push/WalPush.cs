using System.Text.RegularExpressions;
using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Push;

/// <summary>What a push did.</summary>
public enum PushOutcome
{
    /// <summary>The file is durable in the archive now.</summary>
    Stored,

    /// <summary>The archive had the same content already.</summary>
    AlreadyThere,
}

/// <summary>
/// Archives one file of <c>pg_wal</c>, for <c>archive_command</c>: straight into the location, so that it is durable there when this ends. The cluster is
/// read from the file itself, and from <c>pg_control</c> for files that do not name theirs: a wrong setting cannot mix two clusters.
/// </summary>
public sealed partial class WalPush(IObjectStore location, AgeEncryption encryption)
{
    /// <summary>The largest segment that PostgreSQL can have: what is left of one has its length, whatever is in it.</summary>
    private const long LargestOther = 1 << 30;

    /// <summary>Archives a file.</summary>
    /// <param name="path">Its path: what PostgreSQL puts for <c>%p</c>.</param>
    /// <param name="cancellationToken">Gives up; nothing, or the whole file, is archived.</param>
    /// <exception cref="WalException">
    /// <see cref="WalFailure.Conflict"/>: the archive has other content under this name; <see cref="WalFailure.Invalid"/>: not a file of
    /// <c>pg_wal</c>, or not what its name says.
    /// </exception>
    /// <exception cref="StorageException">The store failed, or is no location: PostgreSQL keeps the file and tries again.</exception>
    public async Task<PushOutcome> RunAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        await RequireLocationAsync(cancellationToken).ConfigureAwait(false);
        var full = Path.GetFullPath(path);
        var file = Path.GetFileName(full);
        if (WalName.TryParse(file, out var name))
        {
            return await SegmentAsync(full, name, cancellationToken).ConfigureAwait(false);
        }

        if (WalName.TryParseHistory(file, out var timeline))
        {
            var content = await File.ReadAllBytesAsync(full, cancellationToken).ConfigureAwait(false);
            await Archive(full).PutHistoryAsync(timeline, content, cancellationToken).ConfigureAwait(false);
            return PushOutcome.Stored;
        }

        return OtherName().IsMatch(file) && WalName.TryParse(file.AsSpan(0, WalName.Length), out name)
            ? await OtherAsync(full, file, name, cancellationToken).ConfigureAwait(false)
            : throw new WalException(WalFailure.Invalid, $"{path} is no file of pg_wal: its name is not one that PostgreSQL archives");
    }

    /// <summary>PostgreSQL gives the file up when it is archived. In the directory of a disk that is not mounted it would be nowhere when the disk is back.</summary>
    private async Task RequireLocationAsync(CancellationToken cancellationToken)
    {
        if (await LocationFile.FindAsync(location, cancellationToken).ConfigureAwait(false) is null)
        {
            throw new StorageException(
                StorageFailure.Unavailable, $"{location.Description} is no location: it has no {LocationFile.Key}; is it mounted? A worker at its start, or 'stella repo init', makes an empty place one");
        }
    }

    private async Task<PushOutcome> SegmentAsync(string path, WalName name, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        var header = SegmentHeader.TryParse(bytes) ?? throw new WalException(WalFailure.Invalid, $"{path} is no WAL segment");
        if (SegmentCheck.Problem(bytes, name, header.SystemIdentifier) is { } problem)
        {
            throw new WalException(WalFailure.Invalid, $"{path} is not archived: {problem}");
        }

        var archive = new WalArchive(location, new WalKeys(header.SystemIdentifier));
        using var sealer = new WalSealer(encryption);
        var content = sealer.Seal(bytes);
        var (present, tails) = await archive.FindAsync(name, cancellationToken).ConfigureAwait(false);
        if (present.Any(segment => segment.Digest != content.Digest))
        {
            throw WalConflict.Other(header.SystemIdentifier, $"segment {name}");
        }

        WalConflict.RequireParts(header.SystemIdentifier, tails, bytes);

        var (stored, storedDigest) = present.Count > 0 ? (present[0], null) : await archive.PutSegmentAsync(name, content, cancellationToken).ConfigureAwait(false);

        // Durable now: the segment. A crash before the next step is healed by the server, which pushes it again.
        // Of a segment that was there already the object is another encryption of the same bytes.
        var entry = SegmentEntries.Of(stored, storedDigest, WalScanner.Scan(bytes, header.Start));
        await DescribeAsync(archive.Keys.Pushed(name), new PushedSegment { SegmentSize = header.SegmentSize, Entry = entry }, cancellationToken).ConfigureAwait(false);
        await archive.RemoveAsync(tails, cancellationToken).ConfigureAwait(false);
        return present.Count > 0 ? PushOutcome.AlreadyThere : PushOutcome.Stored;
    }

    private async Task DescribeAsync(string key, PushedSegment document, CancellationToken cancellationToken)
    {
        try
        {
            await location.PutAsync(key, WalJson.Write(document), PutMode.Create, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exists) when (exists.Failure == StorageFailure.AlreadyExists)
        {
            // An earlier push got so far.
        }
    }

    /// <summary>Backup labels, and the unfinished segment of a timeline that was left: kept for a human, never read by a recovery.</summary>
    private async Task<PushOutcome> OtherAsync(string path, string file, WalName name, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).Length > LargestOther)
        {
            throw new WalException(WalFailure.Invalid, $"{path} is larger than {LargestOther >> 20} MiB");
        }

        var archive = Archive(path);
        using var sealer = new WalSealer(encryption);
        var content = sealer.Seal(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));
        try
        {
            await location.PutAsync(archive.Keys.Other(name, file, content.Digest), content.Content, PutMode.Create, cancellationToken).ConfigureAwait(false);
            return PushOutcome.Stored;
        }
        catch (StorageException exists) when (exists.Failure == StorageFailure.AlreadyExists)
        {
            return PushOutcome.AlreadyThere;
        }
    }

    /// <summary>The archive of the cluster to whose data directory the file belongs.</summary>
    private WalArchive Archive(string path)
    {
        var data = Path.GetDirectoryName(Path.GetDirectoryName(path)) ?? "/";
        var control = Path.Combine(data, ControlData.Path);
        return ControlData.TryParse(File.ReadAllBytes(control)) is { } known
            ? new WalArchive(location, new WalKeys(known.SystemIdentifier))
            : throw new WalException(WalFailure.Invalid, $"{control} does not tell which cluster {path} belongs to");
    }

    [GeneratedRegex(@"^[0-9A-F]{24}(\.[0-9A-F]{8}\.backup|\.partial)$")]
    private static partial Regex OtherName();
}
