using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>The calls of OpenSSL 3 that are used (manual pages EVP_EncryptInit, EVP_MAC).</summary>
internal static unsafe partial class LibCrypto
{
    internal const string Library = "libcrypto.so.3";

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    internal static partial nint CipherContextNew();

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    internal static partial void CipherContextFree(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_aes_256_ctr")]
    internal static partial nint Aes256Ctr();

    [LibraryImport(Library, EntryPoint = "EVP_aes_128_ecb")]
    internal static partial nint Aes128Ecb();

    [LibraryImport(Library, EntryPoint = "EVP_EncryptInit_ex")]
    internal static partial int EncryptInit(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [LibraryImport(Library, EntryPoint = "EVP_EncryptUpdate")]
    internal static partial int EncryptUpdate(nint context, byte* destination, int* written, byte* source, int length);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_fetch", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint MacFetch(nint library, string algorithm, string? properties);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_free")]
    internal static partial void MacFree(nint mac);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_CTX_new")]
    internal static partial nint MacContextNew(nint mac);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_CTX_free")]
    internal static partial void MacContextFree(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_init")]
    internal static partial int MacInit(nint context, byte* key, nuint keyLength, nint parameters);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_update")]
    internal static partial int MacUpdate(nint context, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_final")]
    internal static partial int MacFinal(nint context, byte* mac, nuint* written, nuint size);
}
