using System.Text;
using CsCheck;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Tests.Crypto;

public sealed class CipherSuiteTests
{
    private static readonly Gen<byte[]> Contents = Gen.OneOf(Gen.Byte.Array[0, 80], Gen.Byte.Array[16_000, 40_000]);
    private static readonly Gen<byte[]> Keys = Gen.Byte.Array[64].Where(bytes => new MasterKey(bytes).IsValid);

    public static TheoryData<string> Suites => ["openssl", "managed"];

    [Fact]
    public void OpenSsl_is_what_this_machine_uses() => Assert.IsType<OpenSslSuite>(CipherSuite.Current);

    [Fact]
    public void Each_suite_opens_what_the_other_sealed() => Gen.Select(Keys, Contents).Sample((key, content) =>
    {
        using var openSsl = new OpenSslSuite().CreateCipher(new MasterKey(key));
        using var managed = new ManagedSuite().CreateCipher(new MasterKey(key));
        Assert.Equal(content, Open(managed, Seal(openSsl, content)));
        Assert.Equal(content, Open(openSsl, Seal(managed, content)));
    }, iter: 200);

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_flipped_bit_anywhere_is_refused_and_nothing_is_written(string name)
    {
        using var key = MasterKey.Create();
        using var cipher = Suite(name).CreateCipher(key);
        var unit = Seal(cipher, new byte[50]);
        for (var bit = 0; bit < unit.Length * 8; bit++)
        {
            unit[bit / 8] ^= (byte)(1 << bit % 8);
            var plain = new byte[50];
            plain.AsSpan().Fill(7);
            Assert.False(cipher.TryOpen(unit, plain));
            Assert.DoesNotContain(plain, value => value != 7);
            unit[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    /// <summary>D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B, through the unit's MAC.</summary>
    [Theory]
    [MemberData(nameof(Suites))]
    public void The_MAC_is_Poly1305_AES(string name)
    {
        var k = Convert.FromHexString("ec074c835580741701425b623235add6");
        var r = Convert.FromHexString("851fc40c3467ac0be05cc20404f3f700");
        var nonce = Convert.FromHexString("fb447350c4e868c52ac3275cf9d4327e");
        var expected = Convert.FromHexString("f4c633c3044fc145f84f335cb81953de");
        using var key = new MasterKey([.. new byte[31], 1, .. k, .. r]);
        using var cipher = Suite(name).CreateCipher(key);

        byte[] unit = [.. nonce, .. Convert.FromHexString("f3f6"), .. expected];
        Assert.True(cipher.TryOpen(unit, new byte[2]));
        unit[16] ^= 1;
        Assert.False(cipher.TryOpen(unit, new byte[2]));
    }

    /// <summary>NIST SP 800-38A, F.5.5: the first block of CTR-AES256, under a MAC of our own.</summary>
    [Theory]
    [MemberData(nameof(Suites))]
    public void The_cipher_is_AES_256_in_counter_mode(string name)
    {
        var encrypt = Convert.FromHexString("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        using var key = new MasterKey([.. encrypt, .. Enumerable.Repeat((byte)1, 32)]);
        using var cipher = Suite(name).CreateCipher(key);
        var unit = new byte[16 + 64 + 16];
        Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").CopyTo(unit, 0);
        Convert.FromHexString(
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6").CopyTo(unit, 16);
        cipher.ComputeMac(unit.AsSpan(0, 16), unit.AsSpan(16, 64), unit.AsSpan(80));
        Assert.Equal(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
            Convert.ToHexStringLower(Open(cipher, unit)!));
    }

    private static CipherSuite Suite(string name) => name == "openssl" ? new OpenSslSuite() : new ManagedSuite();

    private static byte[] Seal(UnitCipher cipher, byte[] content)
    {
        var unit = new byte[content.Length + UnitCipher.Overhead];
        cipher.Seal(content, unit);
        return unit;
    }

    private static byte[]? Open(UnitCipher cipher, byte[] unit)
    {
        var plain = new byte[unit.Length - UnitCipher.Overhead];
        return cipher.TryOpen(unit, plain) ? plain : null;
    }
}
