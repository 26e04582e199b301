using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Reading;

/// <summary>
/// Reads a whole archive back: each file has its digest, and each byte around it (gzip, tar, padding) is what a writer would write, so that other
/// programs can unpack it, too. Memory: for each of <see cref="Readers"/> a file twice, 544 MiB with the largest packs, 128 MiB with usual ones.
/// </summary>
public static class ArchiveVerification
{
    private const int Readers = 4;

    /// <param name="store">The archive.</param>
    /// <param name="verified">Told the bytes of each file, by several threads.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>, with the first damages by name.</exception>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task RunAsync(ArchiveStore store, Action<long>? verified = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var damages = new ConcurrentBag<string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(store.Layout.Members, parallel, async (member, token) =>
        {
            if (await DamageAsync(store, member, token).ConfigureAwait(false) is { } damage)
            {
                damages.Add($"{member.Member.Path}: {damage}");
            }

            verified?.Invoke(member.EncodedLength);
        }).ConfigureAwait(false);
        using var end = MemberEncoding.End();
        var tail = new byte[end.Memory.Length];
        await store.ReadRawAsync(store.Layout.EndOffset, tail, cancellationToken).ConfigureAwait(false);
        if (!tail.AsSpan().SequenceEqual(end.Memory.Span))
        {
            damages.Add("the end of the archive is not what it should be");
        }

        if (!damages.IsEmpty)
        {
            throw new BackupException(ErrorCodes.Damaged, $"{store.Description} is damaged in {damages.Count} place(s): {string.Join("; ", damages.Order(StringComparer.Ordinal).Take(5))}");
        }
    }

    private static async Task<string?> DamageAsync(ArchiveStore store, PlacedMember member, CancellationToken cancellationToken)
    {
        var (encodedLength, length) = ((int)member.EncodedLength, (int)member.Member.Length);
        var encoded = ArrayPool<byte>.Shared.Rent(encodedLength);
        var content = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await store.ReadRawAsync(member.Offset, encoded.AsMemory(0, encodedLength), cancellationToken).ConfigureAwait(false);
            if (length > 0)
            {
                StoredGzip.Strip(encoded.AsSpan((int)(member.PositionOf(0) - member.Offset)..encodedLength), TarHeader.Length, content.AsSpan(0, length));
            }

            if (Convert.ToHexStringLower(SHA256.HashData(content.AsSpan(0, length))) != member.Member.Sha256)
            {
                return "its content does not match its digest";
            }

            using var expected = MemberEncoding.Encode(member.Member, content.AsSpan(0, length), store.Manifest.PointStartedAt);
            return expected.Memory.Span.SequenceEqual(encoded.AsSpan(0, encodedLength)) ? null : "its content is whole, but other programs could not unpack it";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(encoded);
            ArrayPool<byte>.Shared.Return(content);
        }
    }
}
