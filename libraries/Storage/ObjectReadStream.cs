namespace StellaOps.Backup.Storage;

/// <summary>An object as a stream, read in pieces. Memory: one piece.</summary>
internal sealed class ObjectReadStream : SizedStream
{
    private const int PieceLength = 8 << 20;

    private readonly IObjectStore _store;
    private readonly string _key;
    private readonly byte[] _piece;
    private int _filled, _within;

    private ObjectReadStream(IObjectStore store, string key, long length) =>
        (_store, _key, Length, _piece) = (store, key, length, new byte[(int)Math.Min(length, PieceLength)]);

    public override long Length { get; }

    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    internal static async ValueTask<ObjectReadStream> OpenAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        var found = await store.FindAsync(key, cancellationToken).ConfigureAwait(false)
            ?? throw new StorageException(StorageFailure.NotFound, $"there is no {store.Description}/{key}");
        return new ObjectReadStream(store, key, found.Length);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_within == _filled)
        {
            (_within, _filled) = (0, await _store.ReadAsync(_key, Done, _piece, cancellationToken).ConfigureAwait(false));
            if (_filled == 0 && Done < Length)
            {
                // Whoever reads on would take it for the end, and store the half as the whole.
                throw new StorageException(StorageFailure.Unavailable, $"{_store.Description}/{_key} has {Length} bytes, and ended after {Done}: try again");
            }
        }

        var length = Math.Min(_filled - _within, buffer.Length);
        _piece.AsMemory(_within, length).CopyTo(buffer);
        _within += length;
        Done += length;
        return length;
    }
}
