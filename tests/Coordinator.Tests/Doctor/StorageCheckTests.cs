using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

public sealed class StorageCheckTests(CarelessS3Fixture server) : IClassFixture<CarelessS3Fixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_ignores_conditions_is_a_warning_with_a_remedy()
    {
        await using var store = ObjectStoreFactory.Open(server.Location(await server.CreateBucketAsync(cancellationToken: Cancellation)));
        var log = new MemoryLog();
        var check = new StorageCheck(store, TimeProvider.System, log);
        var result = await check.RunAsync(Cancellation);
        Assert.Equal(CheckResults.Warn, result.Status);
        Assert.Contains("two creators of one object are not kept apart", result.Message, StringComparison.Ordinal);
        Assert.Equal("no", result.Evidence["conditional_create"]);
        Assert.Contains("If-None-Match", Assert.Single(result.Remedy), StringComparison.Ordinal);

        Assert.Equal(CheckResults.Warn, (await check.RunAsync(Cancellation)).Status);
        Assert.Contains(store.Description, Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_keeps_creators_apart_and_the_check_leaves_nothing_there()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory.Path);
        var log = new MemoryLog();
        var result = await new StorageCheck(store, TimeProvider.System, log).RunAsync(Cancellation);
        Assert.Empty(log.Warnings);
        Assert.Equal("yes", result.Evidence["conditional_create"]);
        Assert.Empty(await store.ListAsync("", Cancellation).ToListAsync(Cancellation));
    }

    private sealed class MemoryLog : ILogger<StorageCheck>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
