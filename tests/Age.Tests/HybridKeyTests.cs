using System.Security.Cryptography;
using StellaOps.Backup.Age.Keys;

namespace StellaOps.Backup.Age.Tests;

public sealed class HybridKeyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_quantum_custodians_open_what_was_encrypted_to_them()
    {
        var (first, second) = (HybridIdentity.Generate(), HybridIdentity.Generate());
        var content = RandomNumberGenerator.GetBytes(100_000);
        var encryption = new AgeEncryption(AgeKeyFile.ParseRecipients($"{first}\n{second}\n"));
        var file = new MemoryStream();
        await encryption.EncryptAsync(new MemoryStream(content), file, cancellationToken: Cancellation);
        Assert.Equal(file.Length, encryption.CiphertextLength(content.Length));

        foreach (var identity in AgeKeyFile.ParseIdentities($"{first.Export()}\n{second.Export()}"))
        {
            file.Position = 0;
            var plain = new MemoryStream();
            await new AgeDecryption(identity).DecryptAsync(file, plain, Cancellation);
            Assert.Equal(content, plain.ToArray());
        }

        file.Position = 0;
        var refused = await Assert.ThrowsAsync<AgeException>(() =>
            new AgeDecryption(HybridIdentity.Generate(), X25519Identity.Generate()).DecryptAsync(file, Stream.Null, Cancellation));
        Assert.Equal(AgeFailure.NoMatch, refused.Failure);
    }

    [Fact]
    public void They_do_not_stand_beside_classic_ones() =>
        Assert.Throws<ArgumentException>(() => new AgeEncryption(HybridIdentity.Generate().Recipient, X25519Identity.Generate().Recipient));

    [Fact]
    public void Bytes_that_are_no_public_key_are_refused()
    {
        var noKey = Bech32.Encode("age1pq", Enumerable.Repeat((byte)0xff, 1216).ToArray());
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => HybridRecipient.Parse(noKey)).Failure);
    }

    [Fact]
    public void An_identity_prints_as_its_public_key()
    {
        var identity = HybridIdentity.Generate();
        Assert.StartsWith("age1pq1", $"{identity}", StringComparison.Ordinal);
        Assert.StartsWith("AGE-SECRET-KEY-PQ-1", identity.Export(), StringComparison.Ordinal);
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => HybridIdentity.Parse(identity.Export().ToLowerInvariant())).Failure);
    }
}
