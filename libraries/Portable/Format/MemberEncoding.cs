using System.Buffers;

namespace StellaOps.Backup.Portable.Format;

/// <summary>One file as bytes of the archive: a tar header, the content and its padding, in a gzip member of their own.</summary>
internal static class MemberEncoding
{
    /// <summary>The member, in memory that the caller gives back.</summary>
    internal static IMemoryOwner<byte> Encode(ArchiveMember member, ReadOnlySpan<byte> content, DateTimeOffset modifiedAt)
    {
        var length = (int)PlacedMember.TarLength(member.Length);
        var tar = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            TarHeader.Write(tar, member.Path, content.Length, modifiedAt);
            content.CopyTo(tar.AsSpan(TarHeader.Length));
            tar.AsSpan((TarHeader.Length + content.Length)..length).Clear();
            return Encode(tar.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(tar);
        }
    }

    /// <summary>The end of the archive.</summary>
    internal static IMemoryOwner<byte> End() => Encode(new byte[ArchiveLayout.EndLength]);

    private static PooledBytes Encode(ReadOnlySpan<byte> data)
    {
        var member = new PooledBytes((int)StoredGzip.EncodedLength(data.Length));
        StoredGzip.Encode(data, member.Memory.Span);
        return member;
    }

    /// <summary>Bytes of exactly the wanted length.</summary>
    private sealed class PooledBytes(int length) : IMemoryOwner<byte>
    {
        private readonly byte[] _array = ArrayPool<byte>.Shared.Rent(length);

        public Memory<byte> Memory => _array.AsMemory(0, length);

        public void Dispose() => ArrayPool<byte>.Shared.Return(_array);
    }
}
