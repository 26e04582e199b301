using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>
/// Fetches files of the archive by the names that PostgreSQL asks for: whole segments, unfinished ones from their parts with zeroes behind
/// them (replay ends there, as at the end of any WAL), and histories. Needs the location and an identity, and no service. Safe for any
/// number of callers at the same time.
/// </summary>
public sealed class WalReader(IObjectStore location, ulong systemIdentifier, AgeDecryption decryption)
{
    private const int LargestHistory = 1 << 20;
    private const long LargestSegment = 1 << 30;
    private const int Looks = 3;
    private readonly WalArchive _archive = new(location, new WalKeys(systemIdentifier));
    private readonly WalOpener _opener = new(location, decryption);

    /// <summary>
    /// Writes a file of the archive to <paramref name="destination"/>, synced and under its name only when it is whole.
    /// </summary>
    /// <param name="name">Name of a segment or a history file.</param>
    /// <param name="destination">Path; replaced when it exists.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when the archive does not have it: to PostgreSQL, the end of the archive.</returns>
    /// <exception cref="WalException"><see cref="WalFailure.Damaged"/>, or <see cref="WalFailure.Conflict"/> for a segment with two contents.</exception>
    /// <exception cref="StorageException">The store failed: PostgreSQL must not take this for the end.</exception>
    public async Task<bool> FetchAsync(string name, string destination, CancellationToken cancellationToken)
    {
        if (await ReadAsync(name, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return false;
        }

        var temporary = $"{destination}.fetching";
        await File.WriteAllBytesAsync(temporary, content, cancellationToken).ConfigureAwait(false);
        DurableFiles.Sync(temporary);
        File.Move(temporary, destination, overwrite: true);
        return true;
    }

    /// <summary>The same into memory; null when the archive does not have it.</summary>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (WalName.TryParseHistory(name, out var timeline))
        {
            return await HistoryAsync(timeline, cancellationToken).ConfigureAwait(false);
        }

        return WalName.TryParse(name, out var segment) ? await SegmentAsync(segment, cancellationToken).ConfigureAwait(false) : null;
    }

    private async Task<byte[]?> HistoryAsync(uint timeline, CancellationToken cancellationToken)
    {
        try
        {
            return await location.ReadAllAsync(_archive.Keys.History(timeline), LargestHistory, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException failure) when (failure.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    private async Task<byte[]?> SegmentAsync(WalName name, CancellationToken cancellationToken)
    {
        for (var look = 1; ; look++)
        {
            try
            {
                return await FoundAsync(name, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException gone) when (gone.Failure == StorageFailure.NotFound && look < Looks)
            {
                // A part went between the listing and its reading: what it was folded into, or the whole, was there before.
            }
        }
    }

    private async Task<byte[]?> FoundAsync(WalName name, CancellationToken cancellationToken)
    {
        var (segments, tails) = await _archive.FindAsync(name, cancellationToken).ConfigureAwait(false);
        if (segments.Count == 0)
        {
            // Finished while its folder was listed, it can be missing in both forms: the whole is durable before its parts go, and is seen now.
            (segments, var later) = await _archive.FindAsync(name, cancellationToken).ConfigureAwait(false);
            tails = [.. tails.Union(later)];
        }

        if (segments.Count > 1)
        {
            throw new WalException(WalFailure.Conflict, $"segment {name} is in the archive with {segments.Count} contents: two copies of the cluster wrote the same timeline");
        }

        if (segments.Count == 1)
        {
            var segment = segments[0];
            return await _opener.ReadAllAsync(segment.Key, segment.Length, segment.Digest, LargestSegment, cancellationToken).ConfigureAwait(false);
        }

        return tails.Count > 0 ? await ComposeAsync(name, tails, cancellationToken).ConfigureAwait(false) : null;
    }

    /// <summary>The parts from the start on, without a hole; null when the first one is missing.</summary>
    private async Task<byte[]?> ComposeAsync(WalName name, IReadOnlyList<ArchivedTail> tails, CancellationToken cancellationToken)
    {
        byte[]? segment = null;
        var end = 0L;
        foreach (var tail in tails.OrderBy(tail => tail.From).ThenByDescending(tail => tail.To).Where(tail => tail.To > 0))
        {
            if (tail.From > end)
            {
                break;
            }

            if (tail.To <= end)
            {
                continue;
            }

            var part = new byte[tail.To - tail.From];
            await _opener.ReadAsync(tail.Key, tail.Length, tail.Digest, part, cancellationToken).ConfigureAwait(false);
            segment ??= new byte[SizeOf(name, part)];
            part.CopyTo(segment, tail.From);
            end = tail.To;
        }

        return segment;
    }

    /// <summary>The first page says how long a segment of the cluster is.</summary>
    private static long SizeOf(WalName name, byte[] part) => SegmentHeader.TryParse(part)?.SegmentSize
        ?? throw new WalException(WalFailure.Damaged, $"the first part of segment {name} does not begin as a segment does");
}
