using System.Runtime.CompilerServices;

namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Content in parts of one size, but for the last: some servers demand it. With 10,000 parts at most, content of unknown length
/// may have 625 GiB; of a stream that knows its length the parts grow with it.
/// </summary>
internal sealed class S3Parts(Stream content, int usual)
{
    /// <summary>Limit of the protocol.</summary>
    internal const int MostParts = 10_000;

    /// <summary>Bytes of a part, unless the content is too long for them.</summary>
    internal const int Usual = 16 << 20;

    private int _number;

    /// <summary>Bytes of each part but the last.</summary>
    internal int PartLength { get; } = !content.CanSeek && content is not SizedStream ? 4 * usual
        : (int)Math.Clamp((((content.Length - content.Position) / MostParts) | 0xFFFFF) + 1, usual, 1 << 30);

    /// <summary>The next part; shorter than <see cref="PartLength"/> at the end, and empty when nothing is left.</summary>
    internal ValueTask<PartContent> NextAsync(CancellationToken cancellationToken) => PartContent.ReadAsync(content, ++_number, PartLength, cancellationToken);

    /// <summary>The part behind <paramref name="number"/> whole ones; only of content with an identity.</summary>
    internal async ValueTask<PartContent> GoOnAsync(int number, CancellationToken cancellationToken)
    {
        await ((SizedStream)content).GoToAsync((long)number * PartLength).ConfigureAwait(false);
        _number = number;
        return await NextAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary><paramref name="first"/> and all that follow.</summary>
    internal async IAsyncEnumerable<PartContent> FromAsync(PartContent first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var part = first;
        while (part.Content.Length > 0)
        {
            var last = part.Content.Length < PartLength;
            yield return part;
            if (last)
            {
                yield break;
            }

            part = await NextAsync(cancellationToken).ConfigureAwait(false);
        }

        part.Dispose();
    }
}
