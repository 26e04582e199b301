using System.Buffers.Binary;
using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Chunks;

/// <summary>
/// 256 random numbers, one for each value of a byte, that decide where content is cut. They are derived from a secret of the
/// repository, so that the lengths of blobs do not tell which known file they belong to.
/// </summary>
public sealed class GearTable
{
    private readonly ulong[] _values = new ulong[256];

    /// <summary>Derives the table; the same secret always gives the same table.</summary>
    public GearTable(ReadOnlySpan<byte> secret)
    {
        Span<byte> bytes = stackalloc byte[256 * sizeof(ulong)];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, bytes, salt: [], info: "stella chunker gear table 1"u8);
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        }
    }

    internal ReadOnlySpan<ulong> Values => _values;
}
