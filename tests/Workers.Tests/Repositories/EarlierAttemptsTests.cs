using StellaOps.Backup.Contracts;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.Workers.Tests.Repositories;

/// <summary>What an attempt drops of what other attempts of its task have saved.</summary>
public sealed class EarlierAttemptsTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();
    private readonly Guid _task = Guid.NewGuid();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_a_later_attempt_saved_stays_when_one_that_stood_still_goes_on(int late)
    {
        _bench.Write("file", "content");
        var saved = await _bench.BackupAsync(WorkerBench.BackupContext(_task, attempt: 3));
        var (there, forgotten) = await ForgetAsync(attempt: late);
        Assert.Equal([saved], there);
        Assert.Empty(forgotten);
    }

    [Fact]
    public async Task What_an_earlier_attempt_saved_is_dropped_and_can_be_brought_back()
    {
        _bench.Write("file", "content");
        var saved = await _bench.BackupAsync(WorkerBench.BackupContext(_task, attempt: 9));
        var other = await _bench.BackupAsync(WorkerBench.BackupContext(Guid.NewGuid(), attempt: 1));
        var (there, forgotten) = await ForgetAsync(attempt: 10);
        Assert.Equal([other], there);
        Assert.Equal([saved], forgotten);
    }

    [Theory]
    [InlineData("stella.component=evidence", true)]
    [InlineData("stella.attempt=1", true)]
    [InlineData("stella.attempt=2", false)]
    [InlineData("stella.attempt=10", false)]
    [InlineData("stella.attempt=none", false)]
    public async Task Only_what_may_be_of_an_earlier_attempt_is_dropped(string tag, bool dropped)
    {
        _bench.Write("file", "content");
        var saved = await _bench.BackupAsync(WorkerBench.Context(tags: [$"stella.task={_task:D}", tag]));
        var (_, forgotten) = await ForgetAsync(attempt: 2);
        Assert.Equal(dropped ? [saved] : [], forgotten);
    }

    private async Task<(string[] There, string[] Forgotten)> ForgetAsync(int attempt)
    {
        await using var opened = await _bench.Repositories.OpenAsync(Component.Evidence, Cancellation);
        await EarlierAttempts.ForgetAsync(opened.Repository, WorkerBench.BackupContext(_task, attempt), Cancellation);
        return (
            await opened.Repository.ListSnapshotsAsync(Cancellation).Select(snapshot => snapshot.Id.ToString()).ToArrayAsync(Cancellation),
            await opened.Repository.Forgotten.ListAsync(Cancellation).Select(snapshot => snapshot.Id.ToString()).ToArrayAsync(Cancellation));
    }
}
