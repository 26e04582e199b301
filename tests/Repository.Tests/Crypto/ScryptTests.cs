using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Tests.Crypto;

/// <summary>Against RFC 7914, section 12, and another implementation.</summary>
public sealed class ScryptTests
{
    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")]
    public void The_vectors_of_the_RFC_are_met(string password, string salt, int n, int r, int p, string expected)
    {
        var key = new byte[64];
        Scrypt.DeriveKey(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(salt), new KdfParameters(n, r, p), key);
        Assert.Equal(expected, Convert.ToHexStringLower(key));
    }

    [Fact]
    public void A_cost_whose_blocks_alone_would_fill_the_memory_is_refused()
    {
        Assert.False(new KdfParameters(2, 1, 1 << 26).IsAcceptable);
        Assert.True(new KdfParameters(2, 1, 1 << 20).IsAcceptable);
    }

    [Theory]
    [InlineData(2, 1, 1)]
    [InlineData(64, 3, 5)]
    [InlineData(256, 16, 2)]
    [InlineData(4096, 8, 3)]
    public void Another_implementation_derives_the_same(int n, int r, int p)
    {
        var (password, salt, key) = (TestRepositories.Content(n, 40), TestRepositories.Content(p, 64), new byte[64]);
        Scrypt.DeriveKey(password, salt, new KdfParameters(n, r, p), key);
        Assert.Equal(SCrypt.Generate(password, salt, n, r, p, key.Length), key);
    }
}
