using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Locks;

namespace StellaOps.Backup.Workers.Tests.Trials;

public sealed class BackupTrialTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Before_the_first_backup_a_trial_passes_and_leaves_no_file()
    {
        var steps = await _bench.TryAsync();
        Assert.All(steps, step => Assert.Null(step.Error));
        Assert.Equal(["source", "location", "repository", "lock", "space"], steps.Select(step => step.Step));
        Assert.False(steps[3].Tried);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_trial_takes_the_lock_and_changes_nothing_in_the_location()
    {
        _bench.Write("file", "content");
        await _bench.BackupAsync();
        var before = Files();
        var steps = await _bench.TryAsync(expectedBytes: 1);
        Assert.All(steps, step => Assert.True(step is { Tried: true, Error: null }, step.Detail));
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task What_fails_is_told_with_its_own_error_and_hides_nothing_else()
    {
        _bench.Write("file", "content");
        await _bench.BackupAsync();
        _bench.Handler.Failure = new BackupException(ErrorCodes.SourceUnreachable, "the source is not there");
        await File.WriteAllTextAsync(_bench["password"], "another password", Token);
        var steps = await _bench.TryAsync(expectedBytes: long.MaxValue);
        Assert.Equal(
            [("source", ErrorCodes.SourceUnreachable.Code), ("repository", ErrorCodes.WrongPassword.Code), ("space", ErrorCodes.StorageFull.Code)],
            steps.Where(step => step.Error is not null).Select(step => (step.Step, step.Error!.Code)));
        Assert.False(One(steps, "lock").Tried);
        Assert.Null(One(steps, "location").Error);
    }

    [Fact]
    public async Task A_lock_that_would_stop_the_backup_stops_the_trial()
    {
        _bench.Write("file", "content");
        await _bench.BackupAsync();
        await using var opened = await _bench.Repositories.OpenAsync(Contracts.Component.Evidence, Token);
        await using var held = await opened.Repository.LockAsync(LockKind.Exclusive, Token);
        Assert.Equal(ErrorCodes.RepositoryLocked.Code, One(await _bench.TryAsync(), "lock").Error!.Code);
    }

    [Fact]
    public async Task A_location_that_cannot_be_written_is_told_and_the_repository_in_it_is_not_looked_for()
    {
        await File.WriteAllTextAsync(_bench.Location, "a file in place of the directory", Token);
        var steps = await _bench.TryAsync();
        Assert.NotNull(One(steps, "location").Error);
        Assert.False(One(steps, "repository").Tried);
    }

    [Fact]
    public async Task An_empty_place_where_a_location_was_is_not_taken_for_a_new_one()
    {
        Assert.Equal(ErrorCodes.StorageUnavailable.Code, One(await _bench.TryAsync(expectsLocation: true), "location").Error!.Code);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_defect_is_no_result_of_a_trial()
    {
        _bench.Handler.Failure = new InvalidOperationException("a defect");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _bench.TryAsync());
    }

    private static TrialStep One(IReadOnlyList<TrialStep> steps, string name) => steps.Single(step => step.Step == name);

    private List<string> Files() => Directory.Exists(_bench.Location)
        ? [.. Directory.GetFiles(_bench.Location, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
        : [];
}
