using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Caching;

public sealed class FileCacheTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("stella-cache-");
    private readonly MemoryStore _store = new();
    private readonly List<string> _failures = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RepositoryOptions Cached => TestRepositories.Cheap with { CacheDirectory = _directory.FullName, OnCacheFailure = _failures.Add };

    private IEnumerable<string> CachedFiles => _directory.EnumerateFiles("*", SearchOption.AllDirectories).Select(file => file.FullName);

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_cached_index_file_is_not_fetched_again_and_a_check_does_not_believe_it()
    {
        await MakeAsync();
        await (await TestRepositories.OpenAsync(_store, Cached)).DisposeAsync();
        Assert.Equal(_store.Under("index/").Select(key => key["index/".Length..]), CachedFiles.Select(Path.GetFileName));

        _store[_store.Under("index/").Single()] = [1, 2, 3];
        await using var repository = await TestRepositories.OpenAsync(_store, Cached);
        Assert.True(repository.Index.Count > 0);
        Assert.NotEmpty((await repository.CheckAsync(Cancellation)).Damages);
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task A_damaged_copy_is_said_and_fetched_again()
    {
        await MakeAsync();
        await (await TestRepositories.OpenAsync(_store, Cached)).DisposeAsync();
        var copy = CachedFiles.Single();
        var sound = File.ReadAllBytes(copy);
        File.WriteAllBytes(copy, sound[..^1]);

        await using var repository = await TestRepositories.OpenAsync(_store, Cached);
        Assert.True(repository.Index.Count > 0);
        Assert.Contains(copy, Assert.Single(_failures), StringComparison.Ordinal);
        Assert.Equal(sound, File.ReadAllBytes(copy));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_said_once_and_is_no_error()
    {
        await MakeAsync();
        var file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "not a directory");
        await using var repository = await TestRepositories.OpenAsync(_store, Cached with { CacheDirectory = file });
        Assert.True(repository.Index.Count > 0);
        Assert.Single(_failures);
    }

    [Fact]
    public async Task What_the_repository_does_not_list_any_more_leaves_the_cache()
    {
        await MakeAsync();
        await (await TestRepositories.OpenAsync(_store, Cached)).DisposeAsync();
        var old = CachedFiles.Single();
        var key = _store.Under("index/").Single();
        var content = _store[key];
        await _store.DeleteAsync(key, Cancellation);
        await (await TestRepositories.OpenAsync(_store, Cached)).DisposeAsync();
        Assert.False(File.Exists(old));

        _store[key] = content;
        await (await TestRepositories.OpenAsync(_store, Cached)).DisposeAsync();
        Assert.True(File.Exists(old));
    }

    private async Task MakeAsync()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 1000), TestRepositories.Content(2, 1000)]);
    }
}
