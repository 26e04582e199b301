using System.Security.Cryptography;
using StellaOps.Backup.Age.Keys;

namespace StellaOps.Backup.Age.Tests;

public sealed class VectorTests
{
    public static TheoryData<string> All => [.. Vector.Names];

    [Fact]
    public void All_vectors_are_here() => Assert.Equal(143, Vector.Names.Count());

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_vector_ends_as_it_says(string name)
    {
        var vector = Vector.Load(name);
        var released = new MemoryStream();
        var outcome = await DecryptAsync(vector, released);

        Assert.Equal(vector.Expect, outcome);
        var expected = vector.PayloadSha256 ?? Convert.ToHexStringLower(SHA256.HashData([]));
        Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(released.ToArray())));
    }

    private static async Task<string> DecryptAsync(Vector vector, Stream released)
    {
        IIdentity[] keys =
        [
            .. vector.Identities.SelectMany(AgeKeyFile.ParseIdentities),
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
