using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Primitives of OpenSSL 3.</summary>
internal sealed class OpenSslSuite : CipherSuite
{
    /// <summary>False without the library, or where its policy offers no Poly1305.</summary>
    internal static bool IsAvailable { get; } = Probe();

    internal override UnitCipher CreateCipher(MasterKey key) => new OpenSslUnitCipher(key);

    private static bool Probe()
    {
        if (!NativeLibrary.TryLoad(LibCrypto.Library, out _))
        {
            return false;
        }

        var mac = LibCrypto.MacFetch(0, OpenSslUnitCipher.MacName, null);
        if (mac == 0)
        {
            return false;
        }

        LibCrypto.MacFree(mac);
        return true;
    }
}
