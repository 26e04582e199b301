using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.SelfTesting;

namespace StellaOps.Backup.Repository.Tests.SelfTesting;

public sealed class KnownAnswersTests
{
    [Fact]
    public void Both_suites_give_the_known_answers()
    {
        KnownAnswers.Check(new OpenSslSuite());
        KnownAnswers.Check(new ManagedSuite());
    }

    [Theory]
    [InlineData(true, "AES-256-CTR gives a wrong answer on this machine")]
    [InlineData(false, "Poly1305-AES gives a wrong answer on this machine")]
    public void A_cipher_that_computes_wrongly_is_found(bool content, string message)
    {
        var failure = Assert.Throws<SelfTestException>(() => KnownAnswers.Check(new BrokenSuite(content)));
        Assert.Equal(message, failure.Message);
    }

    /// <summary>Flips one bit of the content, or of the MAC, of everything.</summary>
    private sealed class BrokenSuite(bool content) : CipherSuite
    {
        internal override UnitCipher CreateCipher(MasterKey key) => new BrokenCipher(new ManagedSuite().CreateCipher(key), content);
    }

    private sealed class BrokenCipher(UnitCipher sound, bool content) : UnitCipher
    {
        internal override void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination)
        {
            sound.Transform(iv, source, destination);
            destination[^1] ^= (byte)(content ? 1 : 0);
        }

        internal override void ComputeMac(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> message, Span<byte> mac)
        {
            sound.ComputeMac(iv, message, mac);
            mac[0] ^= (byte)(content ? 0 : 1);
        }

        protected override void Dispose(bool disposing) => sound.Dispose();
    }
}
