namespace StellaOps.Backup.Storage.Decorators;

/// <summary>The same as <see cref="ThrottledContent"/> of content whose length is known, and that may begin anywhere.</summary>
internal sealed class ThrottledSizedContent(SizedStream inner, Bandwidth bandwidth) : SizedStream
{
    private readonly ThrottledContent _throttled = new(inner, bandwidth);

    public override long Length => inner.Length;

    public override string? Identity => inner.Identity;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _throttled.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Done += read;
        return read;
    }

    public override async ValueTask GoToAsync(long offset)
    {
        await inner.GoToAsync(offset).ConfigureAwait(false);
        Done = offset;
    }
}
