using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>
/// The keys of an encrypted unit: AES-256 for the content, AES-128 and r for the MAC. One triple is derived from each password;
/// the triple that it opens encrypts the whole repository (restic design, "Keys, Encryption and MAC").
/// </summary>
internal sealed class MasterKey : IDisposable
{
    internal const int EncryptLength = 32, MacLength = 16;
    private const int Length = EncryptLength + 2 * MacLength;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Length, pinned: true);

    /// <summary>Takes 64 bytes: encryption key, MAC key k, MAC key r.</summary>
    internal MasterKey(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        bytes.CopyTo(_bytes);
    }

    internal ReadOnlySpan<byte> Encrypt => _bytes.AsSpan(0, EncryptLength);

    internal ReadOnlySpan<byte> MacK => _bytes.AsSpan(EncryptLength, MacLength);

    internal ReadOnlySpan<byte> MacR => _bytes.AsSpan(EncryptLength + MacLength, MacLength);

    /// <summary>False for a part of zeros only, which the format forbids.</summary>
    internal bool IsValid => Encrypt.ContainsAnyExcept((byte)0) && MacK.ContainsAnyExcept((byte)0) && MacR.ContainsAnyExcept((byte)0);

    internal static MasterKey Create()
    {
        Span<byte> bytes = stackalloc byte[Length];
        RandomNumberGenerator.Fill(bytes);
        var key = new MasterKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    internal MasterKey Copy() => new(_bytes);

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
