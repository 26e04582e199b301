using System.Security.Cryptography;
using CsCheck;
using StellaOps.Backup.Age.Format;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Age.Streams;

namespace StellaOps.Backup.Age.Tests;

public sealed class AgeEncryptionTests
{
    private static readonly X25519Identity Identity = X25519Identity.Generate();
    private static readonly AgeEncryption Encryption = new(Identity.Recipient, X25519Identity.Generate().Recipient);

    /// <summary>Around the ends of chunks, where mistakes live.</summary>
    private static readonly Gen<int> Lengths =
        Gen.OneOf(Gen.Int[0, 200], Gen.Int[65_530, 65_540], Gen.Int[131_064, 131_080], Gen.Int[0, 300_000]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_content_comes_back_whichever_way_it_was_encrypted() =>
        await Gen.Select(Lengths, Gen.Bool, Gen.Bool).SampleAsync(
            async (length, pulled, armored) =>
            {
                var content = RandomNumberGenerator.GetBytes(length);
                var file = pulled ? await PullAsync(content) : await PushAsync(content, armored);
                Assert.Equal(content, await DecryptAsync(file, armored && !pulled));
            },
            iter: 200);

    [Fact]
    public async Task The_ciphertext_has_the_length_that_was_foretold() =>
        await Lengths.SampleAsync(
            async length =>
            {
                var file = await PullAsync(new byte[length]);
                var header = await AgeHeader.ReadAsync(new MemoryStream(file), Cancellation);
                Assert.Equal(file.Length, Encryption.CiphertextLength(length));
                Assert.Equal(length, AgePayload.PlaintextLength(file.Length - header.Length));
            },
            iter: 50);

    [Fact]
    public void No_other_length_is_taken_for_a_payload() =>
        Gen.Long[0, 1_000_000].Sample(
            length =>
            {
                var plain = AgePayload.PlaintextLength(length);
                Assert.True(plain is null ? !IsLengthOfSomePayload(length) : AgePayload.Length(plain.Value) == length);
            },
            iter: 2000);

    [Fact]
    public async Task A_changed_byte_anywhere_is_refused() =>
        await Gen.Select(Lengths, Gen.Int[0, int.MaxValue], Gen.Int[1, 255]).SampleAsync(
            async (length, place, change) =>
            {
                var file = await PullAsync(new byte[length]);
                file[place % file.Length] ^= (byte)change;
                await Assert.ThrowsAsync<AgeException>(() => DecryptAsync(file, armored: false));
            },
            iter: 200);

    [Fact]
    public async Task A_file_that_is_cut_anywhere_is_refused() =>
        await Gen.Select(Lengths, Gen.Int[0, int.MaxValue]).SampleAsync(
            async (length, place) =>
            {
                var file = await PullAsync(new byte[length]);
                await Assert.ThrowsAsync<AgeException>(() => DecryptAsync(file[..(place % file.Length)], armored: false));
            },
            iter: 200);

    [Fact]
    public async Task A_writer_that_was_not_completed_leaves_no_file_that_opens()
    {
        var file = new MemoryStream();
        await using (var output = Encryption.OpenWrite(file))
        {
            await output.WriteAsync(new byte[100_000], Cancellation);
        }

        var refused = await Assert.ThrowsAsync<AgeException>(() => DecryptAsync(file.ToArray(), armored: false));
        Assert.Equal(AgeFailure.PayloadFailure, refused.Failure);
    }

    [Fact]
    public async Task A_failed_read_fails_again()
    {
        var file = await PullAsync(new byte[100_000]);
        file[^1] ^= 1;
        await using var plain = await new AgeDecryption(Identity).OpenReadAsync(new MemoryStream(file), cancellationToken: Cancellation);
        await plain.ReadExactlyAsync(new byte[65_536], Cancellation);

        for (var i = 0; i < 2; i++)
        {
            var refused = await Assert.ThrowsAsync<AgeException>(async () => await plain.ReadExactlyAsync(new byte[1], Cancellation));
            Assert.Equal(AgeFailure.PayloadFailure, refused.Failure);
        }
    }

    [Fact]
    public async Task Random_bytes_never_cause_anything_but_an_age_exception() =>
        await Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[0, 3], Gen.Bool).SampleAsync(
            async (noise, start, armored) =>
            {
                string[] starts = ["", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> X25519 ", "-----BEGIN AGE ENCRYPTED FILE-----\n"];
                byte[] file = [.. System.Text.Encoding.ASCII.GetBytes(starts[start]), .. noise];
                await Assert.ThrowsAsync<AgeException>(() => DecryptAsync(file, armored));
            },
            iter: 500);

    [Fact]
    public async Task A_header_that_never_ends_does_not_fill_the_memory()
    {
        byte[] file = [.. "age-encryption.org/v1\n-> "u8, .. Enumerable.Repeat((byte)'x', 2 << 20)];
        var refused = await Assert.ThrowsAsync<AgeException>(() => DecryptAsync(file, armored: false));
        Assert.Equal(AgeFailure.HeaderFailure, refused.Failure);
    }

    [Fact]
    public void A_passphrase_stays_alone()
    {
        Assert.Throws<ArgumentException>(() => new AgeEncryption());
        Assert.Throws<ArgumentException>(() => new AgeEncryption(new ScryptRecipient("x", 1), Identity.Recipient));
    }

    private static bool IsLengthOfSomePayload(long length) =>
        Enumerable.Range(0, 20).Any(chunks => length - 16 * (chunks + 1L) is >= 0 and var plain && AgePayload.Length(plain) == length);

    private static async Task<byte[]> PullAsync(byte[] content)
    {
        var file = new MemoryStream();
        await using var source = Encryption.OpenRead(new MemoryStream(content));
        await source.CopyToAsync(file, Cancellation);
        return file.ToArray();
    }

    private static async Task<byte[]> PushAsync(byte[] content, bool armored)
    {
        var file = new MemoryStream();
        await Encryption.EncryptAsync(new MemoryStream(content), file, armored, Cancellation);
        return file.ToArray();
    }

    private static async Task<byte[]> DecryptAsync(byte[] file, bool armored)
    {
        Stream input = new MemoryStream(file);
        var plain = new MemoryStream();
        await new AgeDecryption(Identity).DecryptAsync(armored ? AgeArmor.OpenRead(input) : input, plain, Cancellation);
        return plain.ToArray();
    }
}
