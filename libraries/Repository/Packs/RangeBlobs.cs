using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>The blobs of a range that was read, in order, each with those who wait for it.</summary>
internal sealed class RangeBlobs<T>(
    BlobReader blobs, BlobCodec codec, PackRange<T> range, Memory<byte> content, OpenedBlobs opened, Action<ReadOnlySpan<byte>, ReadOnlyMemory<Wanted<T>>> take,
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

        take(plain, waiting);
        return true;
    }

    private async Task TakeOpenedAsync(CancellationToken cancellationToken)
    {
        opened.Compare();
        for (var blob = 0; blob < opened.Count; blob++)
        {
            if (opened.Wrong(blob) is null)
            {
                take(opened.Plain(blob), _opened[blob]);
            }
            else
            {
                await ReadAgainAsync(_opened[blob], cancellationToken).ConfigureAwait(false);
            }
        }

        opened.Clear();
        _opened.Clear();
    }

    /// <summary>Once more, alone, and where else it may lie.</summary>
    private async Task ReadAgainAsync(ReadOnlyMemory<Wanted<T>> waiting, CancellationToken cancellationToken)
    {
        try
        {
            using var plain = await blobs.ReadAsync(BlobType.Data, waiting.Span[0].Id, cancellationToken).ConfigureAwait(false);
            take(plain.Memory.Span, waiting);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged && damaged is not null)
        {
            damaged(exception, waiting);
        }
    }
}
