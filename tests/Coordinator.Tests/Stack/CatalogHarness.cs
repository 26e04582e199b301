using System.Security.Cryptography;
using System.Text.Json;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>
/// The coordinator's own parts on a real database, with a clock that the test moves and without a broker: what goes out stays
/// in the outbox, or runs over the in-memory transport when <see cref="StartBusAsync"/> was called.
/// </summary>
internal sealed class CatalogHarness : IAsyncDisposable
{
    private static Task<string>? _migrated;
    private static object? _migratedLock;
    private readonly TemporaryDirectory _home = new("stella-ch-");
    private readonly WebApplication _app;

    private CatalogHarness(string connection, IObjectStore? location = null)
    {
        var keyFile = _home["key.pem"];
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Coordinator:Catalog"] = connection,
            ["Coordinator:PointSigningKeyFile"] = keyFile,
            ["Coordinator:MaxAttempts"] = "3",
            ["Location:Url"] = _home["location"],
            ["Secondary:Url"] = _home["secondary"],
        });
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Services.AddSingleton(new ServiceIdentity("coordinator", Clock));
        builder.Services.AddSettings<CoordinatorSettings>(CoordinatorSettings.Section);
        builder.Services.AddSettings<LocationSettings>(LocationSettings.Section);
        builder.AddCatalog().AddPoints().AddOperations().AddSchedules().AddSecondary().AddMessaging();
        if (location is not null)
        {
            builder.Services.AddSingleton(location);
        }

        builder.Services.AddMassTransit(bus =>
        {
            BusRegistration.Register(bus);
            bus.UsingInMemory((context, transport) => BusRegistration.Map(context, transport));
        });
        builder.Services.AddSingleton<OutboxRelay>();
        _app = builder.Build();
    }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 17, 10, 30, 0, TimeSpan.Zero));

    /// <summary>Root directories of the two locations.</summary>
    public string Location => _home["location"];

    public string Secondary => _home["secondary"];

    public IBusControl Bus => _app.Services.GetRequiredService<IBusControl>();

    public IServiceProvider Services => _app.Services;

    /// <param name="postgres">Where the catalog is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="location">In place of the directory <see cref="Location"/>.</param>
    public static async Task<CatalogHarness> StartAsync(PostgresFixture postgres, CancellationToken cancellationToken, IObjectStore? location = null) =>
        new(await NewCatalogAsync(postgres, cancellationToken), location);

    /// <summary>Connection string of a new database with the schema of a catalog.</summary>
    public static async Task<string> NewCatalogAsync(PostgresFixture postgres, CancellationToken cancellationToken)
    {
        var migrated = await LazyInitializer.EnsureInitialized(ref _migrated, ref _migratedLock, () => MigrateAsync(postgres)).WaitAsync(cancellationToken);
        return await postgres.NewDatabaseAsync("catalog", migrated, cancellationToken);
    }

    /// <summary>Lets messages flow: the coordinator's endpoints and the relay.</summary>
    public async Task StartBusAsync(CancellationToken cancellationToken)
    {
        await Bus.StartAsync(cancellationToken);
        await _app.Services.GetRequiredService<OutboxRelay>().StartAsync(cancellationToken);
    }

    /// <summary>Does something with a service in a scope of its own, as each request and message has one.</summary>
    public async Task<TResult> InAsync<T, TResult>(Func<T, Task<TResult>> act)
        where T : notnull
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await act(scope.ServiceProvider.GetRequiredService<T>());
    }

    public Task InAsync<T>(Func<T, Task> act)
        where T : notnull =>
        InAsync<T, bool>(async service =>
        {
            await act(service);
            return true;
        });

    public Task AnnounceAsync(params Component[] components) => InAsync(async (CatalogContext catalog) =>
    {
        catalog.Workers.Add(new WorkerRow
        {
            Worker = $"w{Guid.NewGuid():n}",
            Service = "worker",
            HeardAt = Clock.GetUtcNow(),
            Announcement = new WorkerAnnouncement
            {
                Worker = "w",
                Service = "worker",
                Host = "test",
                ProcessId = 1,
                Version = "1",
                StartedAt = Clock.GetUtcNow(),
                Components = components,
            },
        });
        await catalog.SaveChangesAsync();
    });

    public Task<Operation> AcceptBackupAsync(string? name, CancellationToken cancellationToken, string? key = null, params Component[] components) =>
        InAsync((IServiceProvider scope) => scope.GetRequiredService<OperationAcceptance>().AcceptAsync(
            new Caller { Subject = "tester", IdempotencyKey = key },
            token => scope.GetRequiredService<BackupDrafts>().DraftAsync(components, null, name, token),
            cancellationToken));

    /// <summary>A backup of one component whose task is queued, as after its first command.</summary>
    public async Task<TaskRow> QueueTaskAsync(CancellationToken cancellationToken, Component component = Component.Evidence)
    {
        await AnnounceAsync(component);
        var operation = await AcceptBackupAsync(null, cancellationToken, null, component);
        await SetStateAsync(operation.CorrelationId, OperationState.Running, cancellationToken);
        await InAsync(async (IServiceProvider scope) =>
        {
            var board = scope.GetRequiredService<TaskBoard>();
            var task = (await board.OfAsync(operation.CorrelationId, cancellationToken))[0];
            await board.QueueAsync(task.Id, task.Command, cancellationToken);
            await scope.GetRequiredService<CatalogContext>().Operations.ExecuteUpdateAsync(set => set.SetProperty(row => row.Stage, task.Stage), cancellationToken);
            await scope.GetRequiredService<CatalogContext>().Outbox.ExecuteDeleteAsync(cancellationToken);
        });
        return await TaskAsync(operation.CorrelationId, cancellationToken);
    }

    public Task SetStateAsync(Guid operationId, OperationState state, CancellationToken cancellationToken) => InAsync((CatalogContext catalog) =>
        catalog.Operations.Where(row => row.CorrelationId == operationId)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.CurrentState, state.ToString()), cancellationToken));

    public async Task<TaskRow> TaskAsync(Guid operationId, CancellationToken cancellationToken) =>
        (await InAsync((TaskBoard board) => board.OfAsync(operationId, cancellationToken)))[0];

    public Task<Operation> OperationAsync(Guid id, CancellationToken cancellationToken) =>
        InAsync((CatalogContext catalog) => catalog.Operations.AsNoTracking().SingleAsync(row => row.CorrelationId == id, cancellationToken));

    /// <summary>Messages of a type that wait in the outbox.</summary>
    public Task<List<T>> OutgoingAsync<T>(CancellationToken cancellationToken) => InAsync(async (CatalogContext catalog) =>
    {
        var rows = await catalog.Outbox.AsNoTracking().OrderBy(row => row.SequenceNumber).ToListAsync(cancellationToken);
        return rows.Where(row => row.MessageType.EndsWith($":{typeof(T).Name}", StringComparison.Ordinal))
            .Select(row => JsonDocument.Parse(row.Body).RootElement.GetProperty("message").Deserialize<T>(JsonColumn.Options)!)
            .ToList();
    });

    /// <summary>Name of a database with the schema: a copy of it is made faster than the schema.</summary>
    private static async Task<string> MigrateAsync(PostgresFixture postgres)
    {
        var connection = await postgres.NewDatabaseAsync("migrated");
        await using var harness = new CatalogHarness(connection);
        await harness.InAsync((CatalogContext catalog) => catalog.Database.MigrateAsync());
        return new NpgsqlConnectionStringBuilder(connection).Database!;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.Services.GetRequiredService<OutboxRelay>().StopAsync(CancellationToken.None);
        await Bus.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _home.Dispose();
    }
}
