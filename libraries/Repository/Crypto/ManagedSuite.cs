namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Primitives of .NET (AES) and BouncyCastle (Poly1305).</summary>
internal sealed class ManagedSuite : CipherSuite
{
    internal override UnitCipher CreateCipher(MasterKey key) => new ManagedUnitCipher(key);
}
