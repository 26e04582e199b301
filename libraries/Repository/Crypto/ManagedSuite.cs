using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Primitives of .NET (AES) and BouncyCastle (Poly1305, scrypt).</summary>
internal sealed class ManagedSuite : CipherSuite
{
    internal override UnitCipher CreateCipher(MasterKey key) => new ManagedUnitCipher(key);

    internal override void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int n, int r, int p, Span<byte> key)
    {
        var copy = password.ToArray();
        var derived = SCrypt.Generate(copy, salt.ToArray(), n, r, p, key.Length);
        derived.CopyTo(key);
        CryptographicOperations.ZeroMemory(derived);
        CryptographicOperations.ZeroMemory(copy);
    }
}
