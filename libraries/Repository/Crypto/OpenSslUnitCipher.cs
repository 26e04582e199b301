using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Encrypted units with OpenSSL. Its contexts hold the expanded keys and wipe them when they are freed.</summary>
internal sealed unsafe class OpenSslUnitCipher : UnitCipher
{
    internal const string MacName = "POLY1305";
    private const int MacKeyLength = 32;

    private readonly MasterKey _key;
    private nint _ctr, _ecb, _mac;

    internal OpenSslUnitCipher(MasterKey key)
    {
        _key = key;
        _ctr = NewCipher(LibCrypto.Aes256Ctr(), key.Encrypt);
        _ecb = NewCipher(LibCrypto.Aes128Ecb(), key.MacK);
        var algorithm = LibCrypto.MacFetch(0, MacName, null);
        _mac = algorithm == 0 ? 0 : LibCrypto.MacContextNew(algorithm);
        LibCrypto.MacFree(algorithm);
        Check(_mac != 0);
    }

    ~OpenSslUnitCipher() => Dispose(false);

    internal override void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length);
        fixed (byte* ivAt = iv, sourceAt = source, destinationAt = destination)
        {
            int written;
            Check(LibCrypto.EncryptInit(_ctr, 0, 0, null, ivAt) == 1);
            Check(LibCrypto.EncryptUpdate(_ctr, destinationAt, &written, sourceAt, source.Length) == 1 && written == source.Length);
        }
    }

    internal override void ComputeMac(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        Span<byte> oneTime = stackalloc byte[MacKeyLength];
        _key.MacR.CopyTo(oneTime);
        fixed (byte* ivAt = iv, keyAt = oneTime, messageAt = message, macAt = mac)
        {
            int written;
            nuint length;
            Check(LibCrypto.EncryptUpdate(_ecb, keyAt + MasterKey.MacLength, &written, ivAt, IvLength) == 1 && written == IvLength);
            Check(LibCrypto.MacInit(_mac, keyAt, MacKeyLength, 0) == 1);
            Check(LibCrypto.MacUpdate(_mac, messageAt, (nuint)message.Length) == 1);
            Check(LibCrypto.MacFinal(_mac, macAt, &length, MacLength) == 1 && length == MacLength);
        }

        CryptographicOperations.ZeroMemory(oneTime);
    }

    protected override void Dispose(bool disposing)
    {
        LibCrypto.CipherContextFree(Interlocked.Exchange(ref _ctr, 0));
        LibCrypto.CipherContextFree(Interlocked.Exchange(ref _ecb, 0));
        LibCrypto.MacContextFree(Interlocked.Exchange(ref _mac, 0));
    }

    private static nint NewCipher(nint algorithm, ReadOnlySpan<byte> key)
    {
        var context = LibCrypto.CipherContextNew();
        fixed (byte* keyAt = key)
        {
            Check(context != 0 && LibCrypto.EncryptInit(context, algorithm, 0, keyAt, null) == 1);
        }

        return context;
    }

    private static void Check(bool done)
    {
        if (!done)
        {
            throw new CryptographicException("OpenSSL refused an operation that it offered when the program started");
        }
    }
}
