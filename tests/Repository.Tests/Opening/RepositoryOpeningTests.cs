using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Opening;

public sealed class RepositoryOpeningTests
{
    [Fact]
    public async Task Init_then_open_is_the_same_repository()
    {
        var store = new MemoryStore();
        await using var created = await TestRepositories.InitAsync(store);
        await using var opened = await TestRepositories.OpenAsync(store);
        Assert.Equal(created.Id, opened.Id);
        Assert.Equal(created.ChunkerPolynomial, opened.ChunkerPolynomial);
    }

    [Fact]
    public async Task Init_never_overwrites()
    {
        var store = new MemoryStore();
        await using var created = await TestRepositories.InitAsync(store);
        Assert.Equal(RepositoryFailure.AlreadyExists, await FailureOf(() => TestRepositories.InitAsync(store)));
        Assert.Single(store.Under("keys/"));
    }

    [Fact]
    public async Task An_empty_place_has_no_repository() =>
        Assert.Equal(RepositoryFailure.NotFound, await FailureOf(() => TestRepositories.OpenAsync(new MemoryStore())));

    [Fact]
    public async Task A_wrong_password_is_told_apart()
    {
        var store = new MemoryStore();
        await using var created = await TestRepositories.InitAsync(store);
        Assert.Equal(RepositoryFailure.WrongPassword, await FailureOf(() => OpenAsync(store, "wrong")));
        Assert.Equal(RepositoryFailure.WrongPassword, await FailureOf(() => OpenAsync(store, "")));
    }

    [Fact]
    public async Task Several_passwords_open_one_repository()
    {
        var store = new MemoryStore();
        await using var created = await TestRepositories.InitAsync(store);
        await created.Keys.AddAsync("second", TestContext.Current.CancellationToken);
        await using var opened = await OpenAsync(store, "second");
        Assert.Equal(created.Id, opened.Id);
        await using var first = await TestRepositories.OpenAsync(store);
        Assert.Equal(RepositoryFailure.WrongPassword, await FailureOf(() => OpenAsync(store, "third")));
    }

    [Theory]
    [InlineData(Fault.Crash, 1)]
    [InlineData(Fault.CrashAfter, 1)]
    [InlineData(Fault.Crash, 2)]
    public async Task An_interrupted_init_is_finished_by_the_next_one(Fault fault, int at)
    {
        var store = new MemoryStore();
        await Assert.ThrowsAsync<CrashException>(() => TestRepositories.InitAsync(new FaultyStore(store, fault, at)));
        Assert.Equal(RepositoryFailure.NotFound, await FailureOf(() => TestRepositories.OpenAsync(store)));
        await using (await TestRepositories.InitAsync(store))
        {
        }

        await using var opened = await TestRepositories.OpenAsync(store);
        Assert.Single(store.Under("keys/"));
    }

    [Fact]
    public async Task A_lost_config_is_damage_and_init_does_not_paper_over_it()
    {
        var store = new MemoryStore();
        await using (var created = await TestRepositories.InitAsync(store))
        {
            await TestRepositories.BackUpAsync(created, [TestRepositories.Content(1, 10)]);
        }

        await store.DeleteAsync("config", TestContext.Current.CancellationToken);
        Assert.Equal(RepositoryFailure.Damaged, await FailureOf(() => TestRepositories.OpenAsync(store)));
        Assert.Equal(RepositoryFailure.Damaged, await FailureOf(() => TestRepositories.InitAsync(store)));
    }

    [Theory]
    [InlineData("config")]
    [InlineData("keys/")]
    public async Task A_flipped_bit_in_config_or_key_is_damage_and_named(string prefix)
    {
        var store = new MemoryStore();
        await using (await TestRepositories.InitAsync(store))
        {
        }

        var key = store.Under(prefix).Single();
        store[key][store[key].Length / 2] ^= 1;
        var exception = await Assert.ThrowsAsync<RepositoryException>(() => TestRepositories.OpenAsync(store));
        Assert.Equal(RepositoryFailure.Damaged, exception.Failure);
        Assert.Contains(key, exception.Message, StringComparison.Ordinal);
    }

    private static Task<ResticRepository> OpenAsync(MemoryStore store, string password) =>
        ResticRepository.OpenAsync(store, password, TestRepositories.Cheap, TestContext.Current.CancellationToken);

    private static async Task<RepositoryFailure> FailureOf(Func<Task> act) => (await Assert.ThrowsAsync<RepositoryException>(act)).Failure;
}
