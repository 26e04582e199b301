namespace StellaOps.Backup.Repository.Crypto;

/// <summary>
/// Where the primitives come from. OpenSSL's libcrypto (which .NET's own cryptography loads on Linux) seals about five times
/// faster than managed code; a machine that lacks it, or whose policy forbids Poly1305, gets the managed suite.
/// </summary>
internal abstract class CipherSuite
{
    /// <summary>The suite of this process, chosen once.</summary>
    internal static CipherSuite Current { get; } = OpenSslSuite.IsAvailable ? new OpenSslSuite() : new ManagedSuite();

    internal abstract UnitCipher CreateCipher(MasterKey key);
}
