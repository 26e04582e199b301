using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Primitives of OpenSSL 3.</summary>
internal sealed unsafe class OpenSslSuite : CipherSuite
{
    private readonly ManagedSuite _managed = new();

    /// <summary>False without the library, or where its policy offers no Poly1305.</summary>
    internal static bool IsAvailable { get; } = Probe();

    internal override UnitCipher CreateCipher(MasterKey key) => new OpenSslUnitCipher(key);

    internal override void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int n, int r, int p, Span<byte> key)
    {
        const ulong MaxMemory = 2UL << 30;
        fixed (byte* passwordAt = password, saltAt = salt, keyAt = key)
        {
            byte none = 0; // OpenSSL takes a null password for "none", not for "empty".
            var done = LibCrypto.Scrypt(
                passwordAt == null ? &none : passwordAt, (nuint)password.Length, saltAt, (nuint)salt.Length,
                (ulong)n, (ulong)r, (ulong)p, MaxMemory, keyAt, (nuint)key.Length);
            if (done != 1)
            {
                _managed.DeriveKey(password, salt, n, r, p, key);
            }
        }
    }

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
