using System.Globalization;
using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Compression;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Hashing;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>
/// What every machine has to answer: published examples of the primitives that a repository is made of. Finds a broken processor or library before anything is saved
/// or restored; takes a tenth of a second.
/// </summary>
public static class KnownAnswers
{
    /// <exception cref="SelfTestException">One of the answers is another.</exception>
    public static Task CheckAsync(CancellationToken cancellationToken = default)
    {
        Check(CipherSuite.Current);
        return Task.CompletedTask;
    }

    /// <exception cref="SelfTestException">One of the answers is another.</exception>
    internal static void Check(CipherSuite suite)
    {
        CheckHash();
        CheckCipher(suite);
        CheckMac(suite);
        CheckPassword();
        CheckCompression();
    }

    /// <summary>FIPS 180-4: a short message, and one that fills many blocks.</summary>
    private static void CheckHash()
    {
        Require("SHA-256", Bytes(BlobId.Of("abc"u8)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        Require("SHA-256", Bytes(BlobId.Of(Enumerable.Repeat((byte)'a', 1_000_000).ToArray())), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

        // In lanes, where this processor has them: sixteen of the first one.
        var ids = new BlobId[16];
        BlobHashes.Hash([.. Enumerable.Repeat("abc"u8.ToArray(), ids.Length).SelectMany(message => message)], [.. ids.Select((_, i) => new BlobPart(3 * i, 3))], ids);
        foreach (var id in ids)
        {
            Require("SHA-256", Bytes(id), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        }

        static byte[] Bytes(BlobId id) => Convert.FromHexString(id.ToString());
    }

    /// <summary>NIST SP 800-38A, F.5.5.</summary>
    private static void CheckCipher(CipherSuite suite)
    {
        using var key = new MasterKey([.. Convert.FromHexString("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"), .. Enumerable.Repeat((byte)1, 32)]);
        using var cipher = suite.CreateCipher(key);
        var content = Convert.FromHexString(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
        cipher.Transform(Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), content, content);
        Require(
            "AES-256-CTR", content,
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6");
    }

    /// <summary>D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B.</summary>
    private static void CheckMac(CipherSuite suite)
    {
        using var key = new MasterKey(
            [.. Enumerable.Repeat((byte)1, 32), .. Convert.FromHexString("ec074c835580741701425b623235add6"), .. Convert.FromHexString("851fc40c3467ac0be05cc20404f3f700")]);
        using var cipher = suite.CreateCipher(key);
        var mac = new byte[UnitCipher.MacLength];
        cipher.ComputeMac(Convert.FromHexString("fb447350c4e868c52ac3275cf9d4327e"), Convert.FromHexString("f3f6"), mac);
        Require("Poly1305-AES", mac, "f4c633c3044fc145f84f335cb81953de");
    }

    /// <summary>RFC 7914, section 12.</summary>
    private static void CheckPassword()
    {
        var key = new byte[64];
        Scrypt.DeriveKey("password"u8, "NaCl"u8, new KdfParameters(1024, 8, 16), key);
        Require("scrypt", key, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
    }

    /// <summary>The squares of 0 to 99, one in a line, as zstd's own program compressed them.</summary>
    private static void CheckCompression()
    {
        var squares = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100).Select(number => string.Create(CultureInfo.InvariantCulture, $"{number * number}\n"))));
        var frame = Convert.FromBase64String(
            "KLUv/WDGAKUGAGYcNAmw64SSon0odnQuADIAMABHb4A7aNPqk7rVSXqLPqFpPMgBeHSmzGdySSaRe/E1JuOQGCAOm/14Z5Ib3zyGjZMPTCaUHFAZgOQAyoSRD0RuhEwCcufio8VsxWGNARqHUEwy"
            + "vk7ck5hE4lLEZxBTIAJydKtoktIt0idD04IOAg1wPFqcUn5GXhpOIrwH/HozaXNIzQCdwzizMx9l7sRMAnMH2E3ofcC7ITcJ3B2zj7VZ2mFiA4QdcjVZ9ZXq3tQkUpegPrNOqR6lDsAelE6DfgEA");
        var content = new byte[squares.Length];
        using var zstd = new Zstd(level: 1);
        Require("decompression", zstd.TryDecompress(frame, content) ? content : [], Convert.ToHexString(squares));
    }

    private static void Require(string what, byte[] answer, string known)
    {
        if (!answer.AsSpan().SequenceEqual(Convert.FromHexString(known)))
        {
            throw new SelfTestException($"{what} gives a wrong answer on this machine");
        }
    }
}
