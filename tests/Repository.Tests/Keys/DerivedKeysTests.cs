using CsCheck;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Keys;

public sealed class DerivedKeysTests
{
    private const string Password = "correct horse", Second = "battery staple";
    private static readonly KdfParameters Cheap = new(2, 1, 1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_answer_is_that_of_scrypt_however_often_it_is_asked()
    {
        var keys = new DerivedKeys();
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[1, 40], Gen.Int[1, 2]).Sample((password, salt, r, p) =>
        {
            var cost = new KdfParameters(2, r, p);
            byte[] typed = [(byte)password, .. new byte[password]], salted = [.. new byte[salt], (byte)salt];
            byte[] expected = new byte[64], first = new byte[64], again = new byte[64];
            Scrypt.DeriveKey(typed, salted, cost, expected);
            keys.Derive(typed, salted, cost, first);
            keys.Derive(typed, salted, cost, again);
            return expected.AsSpan().SequenceEqual(first) && expected.AsSpan().SequenceEqual(again);
        }, iter: 500);
    }

    [Fact]
    public async Task A_password_that_was_removed_opens_nothing_although_its_key_is_known()
    {
        var store = new MemoryStore();
        var options = new RepositoryOptions { Kdf = Cheap, DerivedKeys = new DerivedKeys() };
        await using (var repository = await ResticRepository.InitAsync(store, Password, options, Cancellation))
        {
            await repository.Keys.AddAsync(Second, Cancellation);
        }

        await using (await ResticRepository.OpenAsync(store, Password, options, Cancellation))
        {
        }

        await using (var repository = await ResticRepository.OpenAsync(store, Second, options, Cancellation))
        {
            await repository.Keys.RemoveAsync((await repository.Keys.ListAsync(Cancellation)).Single(key => !key.IsCurrent).Id, Cancellation);
        }

        var refused = await Assert.ThrowsAsync<RepositoryException>(() => ResticRepository.OpenAsync(store, Password, options, Cancellation));
        Assert.Equal(RepositoryFailure.WrongPassword, refused.Failure);
    }
}
