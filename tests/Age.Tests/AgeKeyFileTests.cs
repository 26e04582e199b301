using CsCheck;
using StellaOps.Backup.Age.Keys;

namespace StellaOps.Backup.Age.Tests;

public sealed class AgeKeyFileTests
{
    [Fact]
    public void A_classic_recipient_that_begins_like_a_post_quantum_one_is_a_classic_one()
    {
        byte[] publicKey = [0x08, 0x01, .. Enumerable.Repeat((byte)7, 30)];
        var line = Bech32.Encode("age", publicKey);
        Assert.StartsWith("age1pq", line, StringComparison.Ordinal);
        Assert.Equal(line, $"{Assert.IsType<X25519Recipient>(Assert.Single(AgeKeyFile.ParseRecipients(line)))}");
    }

    [Fact]
    public void Comments_and_empty_lines_do_not_count()
    {
        var (a, b) = (X25519Identity.Generate(), X25519Identity.Generate());
        var recipients = AgeKeyFile.ParseRecipients($"# custodians\r\n\r\n{a}\r\n{b}");
        Assert.Equal([a.ToString(), b.ToString()], recipients.Select(key => key.ToString()));
        Assert.Equal(a.ToString(), AgeKeyFile.ParseIdentities($"# public key: {a}\n{a.Export()}\n").Single().ToString());
    }

    [Fact]
    public void A_file_without_keys_is_refused()
    {
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => AgeKeyFile.ParseRecipients("# none\n")).Failure);
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => AgeKeyFile.ParseIdentities("")).Failure);
    }

    [Fact]
    public void A_typing_error_is_named_by_its_line_and_not_repeated()
    {
        var key = X25519Identity.Generate().Export();
        Gen.Int[0, key.Length - 1].Sample(place =>
        {
            var wrong = key.Remove(place, 1).Insert(place, key[place] == 'Q' ? "P" : "Q");
            var refused = Assert.Throws<AgeException>(() => AgeKeyFile.ParseIdentities($"# mine\n{wrong}\n"));
            Assert.Equal(AgeFailure.InvalidKey, refused.Failure);
            Assert.Contains("line 2", refused.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(wrong[20..40], refused.ToString(), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("AGE1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQS3290GQ")]
    [InlineData("age1")]
    [InlineData("age-secret-key-1egtzvffv20835nwyv6270lxyvk2vknx2mmdkwyklmgr48uawx40q2p2lm0")]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN")]
    public void Other_spellings_are_not_keys(string text)
    {
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => X25519Recipient.Parse(text)).Failure);
        Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => X25519Identity.Parse(text)).Failure);
    }

    [Fact]
    public void An_identity_prints_as_its_public_key()
    {
        var identity = X25519Identity.Generate();
        Assert.StartsWith("age1", $"{identity}", StringComparison.Ordinal);
        Assert.StartsWith("AGE-SECRET-KEY-1", identity.Export(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bech32_is_its_own_inverse() =>
        Gen.Byte.Array[0, 100].Sample(data =>
        {
            Assert.True(Bech32.TryDecode(Bech32.Encode("age", data), out var prefix, out var decoded));
            Assert.Equal("age", prefix);
            Assert.Equal(data, decoded);
        });
}
