using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

public sealed class StorageCheckTests(CarelessS3Fixture server, PostgresFixture postgres) : IClassFixture<CarelessS3Fixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_ignores_conditions_is_a_warning_with_a_remedy()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, Cancellation);
        await using var store = ObjectStoreFactory.Open(server.Location(await server.CreateBucketAsync(cancellationToken: Cancellation)));
        var log = new MemoryLog();
        var check = new StorageCheck(store, Next(harness, "s3://bucket"), TimeProvider.System, log);
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
        await using var harness = await CatalogHarness.StartAsync(postgres, Cancellation);
        var result = await new StorageCheck(store, Next(harness, directory.Path), TimeProvider.System, log).RunAsync(Cancellation);
        Assert.NotEqual(CheckResults.Fail, result.Status);
        Assert.Empty(log.Warnings);
        Assert.Equal("yes", result.Evidence["conditional_create"]);
        Assert.Empty(await store.ListAsync("", Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task A_directory_without_room_for_the_next_backup_of_everything_is_a_failure()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory.Path);
        await using var harness = await CatalogHarness.StartAsync(postgres, Cancellation);
        await harness.AnnounceAsync(Component.Evidence, Component.Config);
        await LocationFile.EnsureAsync(store, Cancellation);
        await AddAsync(harness, "first", Component.Evidence, added: long.MaxValue);
        await AddAsync(harness, "second", Component.Evidence, added: 100);
        var check = Check(harness, store, directory.Path);

        // The first of all added everything, and says nothing about the next one.
        var passed = await check.RunAsync(Cancellation);
        Assert.NotEqual(CheckResults.Fail, passed.Status);
        Assert.Equal("100", passed.Evidence["expected_bytes"]);
        await AddAsync(harness, "third", Component.Evidence, added: 1L << 60);

        var result = await check.RunAsync(Cancellation);
        Assert.Equal(CheckResults.Fail, result.Status);
        Assert.Contains("may add 1152921504.6 GB", result.Message, StringComparison.Ordinal);
        Assert.Contains("stella backup storage stats", result.Remedy);
    }

    [Fact]
    public async Task A_place_that_is_no_location_any_more_is_a_failure()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory.Path);
        await using var harness = await CatalogHarness.StartAsync(postgres, Cancellation);
        Assert.NotEqual(CheckResults.Fail, (await Check(harness, store, directory.Path).RunAsync(Cancellation)).Status);
        await AddAsync(harness, "point", Component.Evidence, added: 100);

        var result = await Check(harness, store, directory.Path).RunAsync(Cancellation);
        Assert.Equal(CheckResults.Fail, result.Status);
        Assert.Contains("is none now", result.Message, StringComparison.Ordinal);
        Assert.Empty(await store.ListAsync("", Cancellation).ToListAsync(Cancellation));
        await LocationFile.EnsureAsync(store, Cancellation);
        Assert.NotEqual(CheckResults.Fail, (await Check(harness, store, directory.Path).RunAsync(Cancellation)).Status);
    }

    private static StorageCheck Check(CatalogHarness harness, LocalObjectStore store, string directory) => new(store, Next(harness, directory), TimeProvider.System, new MemoryLog());

    private static NextBackup Next(CatalogHarness harness, string url) =>
        new(Options.Create(new LocationSettings { Url = url }), harness.Services.GetRequiredService<IServiceScopeFactory>());

    private static Task AddAsync(CatalogHarness harness, string name, Component component, long added)
    {
        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        var manifest = Samples.Manifest(name, component);
        manifest = manifest with
        {
            StartedAt = harness.Clock.GetUtcNow(), FinishedAt = harness.Clock.GetUtcNow(), Components = [.. manifest.Components.Select(snapshot => snapshot with { BytesAdded = added })],
        };
        return harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(manifest), Cancellation));
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
