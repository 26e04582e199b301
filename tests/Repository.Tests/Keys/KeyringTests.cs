using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Keys;

public sealed class KeyringTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Keys_are_listed_with_who_set_them_and_which_is_in_use()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var added = await repository.Keys.AddAsync("second", Cancellation);
        var keys = await repository.Keys.ListAsync(Cancellation);
        Assert.Equal([true, false], keys.Select(key => key.IsCurrent));
        Assert.Equal(added, keys[1].Id);
        Assert.All(keys, key => Assert.Equal(("tester", "tests", null), (key.Username, key.Hostname, key.Damage)));
    }

    [Fact]
    public async Task The_key_in_use_the_last_one_and_one_that_is_not_there_are_not_removed()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var first = (await repository.Keys.ListAsync(Cancellation)).Single().Id;
        Assert.Contains("opened the repository", (await RefusedAsync(() => repository.Keys.RemoveAsync(first, Cancellation))).Message, StringComparison.Ordinal);
        Assert.Contains("there is no key", (await RefusedAsync(() => repository.Keys.RemoveAsync(BlobId.Of([1]), Cancellation))).Message, StringComparison.Ordinal);

        var second = await repository.Keys.AddAsync("second", Cancellation);
        await store.DeleteAsync($"keys/{first}", Cancellation);
        Assert.Contains("the last one", (await RefusedAsync(() => repository.Keys.RemoveAsync(second, Cancellation))).Message, StringComparison.Ordinal);
        Assert.Equal($"keys/{second}", Assert.Single(store.Under("keys/")));
    }

    [Fact]
    public async Task A_damaged_key_is_shown_does_not_count_as_the_last_one_and_can_be_removed()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var second = await repository.Keys.AddAsync("second", Cancellation);
        store[$"keys/{second}"][5] ^= 1;
        Assert.NotNull((await repository.Keys.ListAsync(Cancellation)).Single(key => key.Id == second).Damage);
        await repository.Keys.RemoveAsync(second, Cancellation);
        Assert.Single(store.Under("keys/"));
    }

    [Fact]
    public async Task No_empty_password_and_no_more_keys_than_are_tried()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        await RefusedAsync(() => repository.Keys.AddAsync("", Cancellation));
        for (var i = 1; i < 20; i++)
        {
            await repository.Keys.AddAsync($"password {i}", Cancellation);
        }

        await RefusedAsync(() => repository.Keys.AddAsync("one too many", Cancellation));
    }

    [Fact]
    public async Task A_changed_password_replaces_the_old_one()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        await repository.Keys.ChangePasswordAsync("new", Cancellation);
        Assert.True((await repository.Keys.ListAsync(Cancellation)).Single().IsCurrent);
        Assert.True(await OpensAsync(store, "new"));
        Assert.False(await OpensAsync(store, TestRepositories.Password));
        await repository.Keys.ChangePasswordAsync("newer", Cancellation);
        Assert.True(await OpensAsync(store, "newer"));
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    [InlineData(Fault.Fail)]
    public async Task A_change_that_dies_at_any_call_leaves_a_password_that_opens(Fault fault)
    {
        var template = new MemoryStore();
        await using (await TestRepositories.InitAsync(template))
        {
        }

        var struck = true;
        for (var at = 1; struck; at++)
        {
            var store = template.Copy();
            await using var faulty = new FaultyStore(store, fault, at);
            await using var repository = await TestRepositories.OpenAsync(faulty);
            var failure = await Record.ExceptionAsync(() => repository.Keys.ChangePasswordAsync("new", Cancellation));
            struck = faulty.Struck;
            var (old, changed) = (await OpensAsync(store, TestRepositories.Password), await OpensAsync(store, "new"));
            Assert.True(old || changed);
            Assert.True(failure is not null || changed);
        }
    }

    [Fact]
    public async Task Restic_and_we_list_add_and_remove_each_others_keys()
    {
        await using var store = new LocalObjectStore(_directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        var restic = new ResticProgram(_directory["repository"], TestRepositories.Password);
        await File.WriteAllTextAsync(_directory["password"], "of restic\n", Cancellation);
        await restic.RunAsync(["key", "add", "--new-password-file", _directory["password"]], Cancellation);
        var resticsKey = (await repository.Keys.ListAsync(Cancellation)).Single(key => !key.IsCurrent);
        Assert.Null(resticsKey.Damage);
        Assert.True(await OpensAsync(store, "of restic"));

        var ours = await repository.Keys.AddAsync("ours", Cancellation);
        var listing = await restic.RunAsync(["key", "list"], Cancellation);
        Assert.Contains(ours.ToString()[..8], listing, StringComparison.Ordinal);
        await new ResticProgram(_directory["repository"], "ours").RunAsync(["cat", "config"], Cancellation);

        await repository.Keys.RemoveAsync(resticsKey.Id, Cancellation);
        Assert.NotEqual(0, (await new ResticProgram(_directory["repository"], "of restic").TryRunAsync(["cat", "config"], Cancellation)).ExitCode);
        await restic.RunAsync(["key", "remove", ours.ToString()], Cancellation);
        Assert.False(await OpensAsync(store, "ours"));
        Assert.True((await repository.Keys.ListAsync(Cancellation)).Single().IsCurrent);
    }

    private static async Task<bool> OpensAsync(Backup.Storage.IObjectStore store, string password)
    {
        try
        {
            await using var opened = await ResticRepository.OpenAsync(store, password, TestRepositories.Cheap, Cancellation);
            return true;
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.WrongPassword)
        {
            return false;
        }
    }

    private static async Task<RepositoryException> RefusedAsync(Func<Task> act)
    {
        var failure = await Assert.ThrowsAsync<RepositoryException>(act);
        Assert.Equal(RepositoryFailure.Refused, failure.Failure);
        return failure;
    }
}
