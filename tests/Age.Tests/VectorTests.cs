using System.Security.Cryptography;
using StellaOps.Backup.Age.Keys;

namespace StellaOps.Backup.Age.Tests;

public sealed class VectorTests
{
    /// <summary>
    /// These vectors open, or look into, a stanza of type mlkem768x25519 with an identity of that type. This library does not
    /// implement the post-quantum type: such a stanza is an unknown one and is skipped, such an identity is an invalid key.
    /// What must hold for them is that nothing opens and nothing but "no match" is reported. Two vectors of the family are
    /// not here and are decided as they say: hybrid_x25519_arg (an X25519 stanza) and hybrid_not_canonical_body (any stanza).
    /// </summary>
    private static readonly HashSet<string> PostQuantum =
    [
        "armor_hybrid", "hybrid", "hybrid_and_x25519", "hybrid_bad_tag", "hybrid_currupted_enc_mlkem", "hybrid_currupted_enc_x25519",
        "hybrid_extra_argument", "hybrid_grease", "hybrid_identity", "hybrid_long_file_key", "hybrid_long_share", "hybrid_low_order",
        "hybrid_multiple_recipients", "hybrid_no_match", "hybrid_not_canonical_enc", "hybrid_short_share", "hybrid_uppercase",
    ];

    public static TheoryData<string> All => [.. Vector.Names];

    [Fact]
    public void All_vectors_are_here() => Assert.Equal(143, Vector.Names.Count());

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_vector_ends_as_it_says(string name)
    {
        var vector = Vector.Load(name);
        var postQuantum = vector.Identities.Where(text => text.StartsWith("AGE-SECRET-KEY-PQ-", StringComparison.Ordinal)).ToList();
        Assert.All(postQuantum, text =>
            Assert.Equal(AgeFailure.InvalidKey, Assert.Throws<AgeException>(() => X25519Identity.Parse(text)).Failure));

        var released = new MemoryStream();
        var outcome = await DecryptAsync(vector, vector.Identities.Except(postQuantum), released);

        if (PostQuantum.Contains(name))
        {
            Assert.NotEmpty(postQuantum);
            Assert.Equal("no match", outcome);
            Assert.Equal(0, released.Length);
            return;
        }

        Assert.Equal(vector.Expect, outcome);
        var expected = vector.PayloadSha256 ?? Convert.ToHexStringLower(SHA256.HashData([]));
        Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(released.ToArray())));
    }

    private static async Task<string> DecryptAsync(Vector vector, IEnumerable<string> identities, Stream released)
    {
        IIdentity[] keys =
        [
            .. identities.Select(X25519Identity.Parse),
            .. vector.Passphrases.Select(passphrase => new ScryptIdentity(passphrase)),
        ];
        Stream file = new MemoryStream(vector.File);
        try
        {
            await new AgeDecryption(keys).DecryptAsync(
                vector.Armored ? AgeArmor.OpenRead(file) : file, released, TestContext.Current.CancellationToken);
            return "success";
        }
        catch (AgeException refused)
        {
            return refused.Failure switch
            {
                AgeFailure.NoMatch => "no match",
                AgeFailure.HeaderFailure => "header failure",
                AgeFailure.HmacFailure => "HMAC failure",
                AgeFailure.PayloadFailure => "payload failure",
                AgeFailure.ArmorFailure => "armor failure",
                _ => $"not an outcome of a file: {refused.Failure}",
            };
        }
    }
}
