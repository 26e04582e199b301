using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>The blobs of a range that was read, in order, each with those who wait for it.</summary>
/// <param name="blobs">Reads what is damaged here once more.</param>
/// <param name="codec">Opens what is stored.</param>
/// <param name="range">What was to be read.</param>
/// <param name="content">What was read.</param>
/// <param name="opened">Room for short blobs.</param>
/// <param name="taker">Takes what was opened; null where nothing is.</param>
/// <param name="damaged">Takes what cannot be read anywhere; null throws.</param>
internal sealed class RangeBlobs<T>(
    BlobReader blobs, BlobCodec codec, PackRange<T> range, Memory<byte> content, OpenedBlobs opened, IBlobTaker<T>? taker,
    Action<RepositoryException, ReadOnlyMemory<Wanted<T>>>? damaged)
{
    private readonly List<ReadOnlyMemory<Wanted<T>>> _opened = [];

    /// <summary>Takes all.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        foreach (var waiting in Blobs())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (unit, entry) = (Unit(waiting), Entry(waiting));
            if (!OpenedBlobs.IsShort(entry) || !opened.HasRoomFor(entry))
            {
                await TakeOpenedAsync(cancellationToken).ConfigureAwait(false);
            }

            if (OpenedBlobs.IsShort(entry))
            {
                opened.Add(unit.Span, entry);
                _opened.Add(waiting);
            }
            else if (!TryTake(unit.Span, entry, waiting))
            {
                await ReadAgainAsync(waiting, cancellationToken).ConfigureAwait(false);
            }
        }

        await TakeOpenedAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Proves all, without opening them.</summary>
    public async Task AuthenticateAsync(CancellationToken cancellationToken)
    {
        foreach (var waiting in Blobs())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Unit(waiting) is var unit && (unit.IsEmpty || !codec.IsAuthentic(unit.Span)))
            {
                await ReadAgainAsync(waiting, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private IEnumerable<ReadOnlyMemory<Wanted<T>>> Blobs()
    {
        for (int first = 0, next; first < range.Blobs.Length; first = next)
        {
            for (next = first + 1; next < range.Blobs.Length && range.Blobs.Span[next].Id == range.Blobs.Span[first].Id; next++)
            {
            }

            yield return range.Blobs[first..next];
        }
    }

    /// <summary>What is stored of a blob; empty when less was read.</summary>
    private Memory<byte> Unit(ReadOnlyMemory<Wanted<T>> waiting)
    {
        var location = waiting.Span[0].Location;
        var start = (long)location.Offset - range.Offset;
        return start + location.StoredLength <= content.Length ? content.Slice((int)start, (int)location.StoredLength) : default;
    }

    private static PackEntry Entry(ReadOnlyMemory<Wanted<T>> waiting)
    {
        var (id, location) = (waiting.Span[0].Id, waiting.Span[0].Location);
        return new PackEntry(BlobType.Data, id, location.Offset, location.StoredLength, location.Compressed ? location.PlainLength : 0);
    }

    private bool TryTake(Span<byte> unit, PackEntry entry, ReadOnlyMemory<Wanted<T>> waiting)
    {
        if (unit.IsEmpty || codec.DecodeInPlace(unit, entry.PlainLength, entry.Compressed, entry.Id, opened.Room, out var plain) is not null)
        {
            return false;
        }

        Take(plain, waiting);
        return true;
    }

    private void Take(ReadOnlySpan<byte> plain, ReadOnlyMemory<Wanted<T>> waiting)
    {
        foreach (var wanted in waiting.Span)
        {
            taker?.Take(plain, wanted.For, blobs: 1);
        }
    }

    private async Task TakeOpenedAsync(CancellationToken cancellationToken)
    {
        opened.Compare();
        for (int first = 0, next; first < opened.Count; first = next)
        {
            next = EndOfRun(first);
            if (next > first + 1)
            {
                taker!.Take(opened.Plain(first, next), _opened[first].Span[0].For, next - first);
            }
            else if (opened.Wrong(first) is null)
            {
                Take(opened.Plain(first, next), _opened[first]);
            }
            else
            {
                await ReadAgainAsync(_opened[first], cancellationToken).ConfigureAwait(false);
            }
        }

        opened.Clear();
        _opened.Clear();
    }

    /// <summary>Blobs that follow one another here and where each is wanted, once, are taken as one.</summary>
    /// <returns>The first blob behind those from <paramref name="first"/> on.</returns>
    private int EndOfRun(int first)
    {
        var next = first + 1;
        while (next < opened.Count && _opened[next - 1].Length == 1 && _opened[next].Length == 1 && opened.Wrong(next - 1) is null && opened.Wrong(next) is null
            && taker?.Follows(_opened[next - 1].Span[0].For, opened.Plain(next - 1, next).Length, _opened[next].Span[0].For) == true)
        {
            next++;
        }

        return next;
    }

    /// <summary>Once more, alone, and where else it may lie.</summary>
    private async Task ReadAgainAsync(ReadOnlyMemory<Wanted<T>> waiting, CancellationToken cancellationToken)
    {
        try
        {
            using var plain = await blobs.ReadAsync(BlobType.Data, waiting.Span[0].Id, cancellationToken).ConfigureAwait(false);
            Take(plain.Memory.Span, waiting);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged && damaged is not null)
        {
            damaged(exception, waiting);
        }
    }
}
