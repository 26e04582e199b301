using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>A database, a virtual host of the broker, a location and a coordinator process of its own, and fake workers to play with.</summary>
internal sealed class CoordinatorStack : IAsyncDisposable
{
    private const string SharedHost = "/";

    /// <summary>
    /// What refers to others comes first. One after the other: no lock is held while another is waited for, as the coordinator may do. Events and the audit log stay: a catalog
    /// that lacks rows of them was put back, and the coordinator drops nothing before it has compared it with the location.
    /// </summary>
    private static readonly string[] Cleared =
        ["proofs", "snapshots", "points", "tasks", "operations", "inbox", "outbox", "retention_runs", "retention_rules", "forgotten_snapshots", "replicas"];

    /// <summary>Stacks on a broker that gives them no virtual host of their own come one after the other: their queues have the same names.</summary>
    private static readonly SemaphoreSlim OnSharedHost = new(1);

    private readonly TemporaryDirectory _home = new("stella-co-");

    private TemporaryDirectory? _settingsHome;

    private CoordinatorStack(string catalog, IObjectStore location, Dictionary<string, string?> settings)
    {
        (Catalog, Location, Settings) = (catalog, location, settings);
        Coordinator = new CoordinatorProcess(settings, _home.Path);
    }

    public string Catalog { get; private set; }

    public IObjectStore Location { get; private set; }

    public Dictionary<string, string?> Settings { get; private set; }

    public CoordinatorProcess Coordinator { get; private set; }

    public FakeWorkers Workers { get; private set; } = null!;

    public ApiClient Api => new(Coordinator.Http);

    /// <param name="postgres">Where the catalog is.</param>
    /// <param name="rabbit">The broker.</param>
    /// <param name="more">Settings on top of the usual ones, for a test: short leases.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<CoordinatorStack> StartAsync(
        PostgresFixture postgres, RabbitMqFixture rabbit, IReadOnlyDictionary<string, string?>? more, CancellationToken cancellationToken) =>
        await StartAsync(await CatalogHarness.NewCatalogAsync(postgres, cancellationToken), BrokerAddress.Of(rabbit), more, cancellationToken);

    public static async Task<CoordinatorStack> StartAsync(
        string catalog, BrokerAddress rabbit, IReadOnlyDictionary<string, string?>? more, CancellationToken cancellationToken)
    {
        var home = new TemporaryDirectory("stella-cs-");
        var virtualHost = await CreateVirtualHostAsync(rabbit, cancellationToken);
        var passwordFile = home["broker-password"];
        await File.WriteAllTextAsync(passwordFile, rabbit.Password, cancellationToken);
        var keyFile = home["signing-key.pem"];
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), cancellationToken);
        }

        var settings = new Dictionary<string, string?>
        {
            ["Location:Url"] = home["location"],
            ["Broker:Host"] = rabbit.Host,
            ["Broker:Port"] = $"{rabbit.Port}",
            ["Broker:VirtualHost"] = virtualHost,
            ["Broker:Username"] = rabbit.Username,
            ["Broker:PasswordFile"] = passwordFile,
            ["Coordinator:Catalog"] = catalog,
            ["Coordinator:PointSigningKeyFile"] = keyFile,
            ["Coordinator:LeaseSeconds"] = "10",
            ["Coordinator:HeartbeatSeconds"] = "1",
            ["Coordinator:SweepSeconds"] = "1",
            ["Schedules:Enabled"] = "false",
        };
        foreach (var (name, value) in more ?? new Dictionary<string, string?>())
        {
            settings[name] = value;
        }

        if (virtualHost == SharedHost)
        {
            await OnSharedHost.WaitAsync(cancellationToken);
        }

        var stack = new CoordinatorStack(catalog, ObjectStoreFactory.Open(home["location"]), settings) { _settingsHome = home };
        try
        {
            await stack.Coordinator.StartAsync(cancellationToken);
            stack.Workers = await FakeWorkers.StartAsync(rabbit, virtualHost, cancellationToken);
            await stack.WaitForWorkersAsync(cancellationToken);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public async Task<T> QueryAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create($"{Catalog};Pooling=false");
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create($"{Catalog};Pooling=false");
        await using var command = source.CreateCommand(sql);
        for (var done = false; !done;)
        {
            try
            {
                await command.ExecuteNonQueryAsync(cancellationToken);
                done = true;
            }
            catch (PostgresException deadlock) when (deadlock.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // The coordinator changes the same rows, in its own order: it goes on, and this comes after it.
            }
        }
    }

    /// <summary>Makes a stack whose operations have ended as good as new: no operation, no point, no WAL, and workers that do what is asked.</summary>
    public async Task ClearAsync(CancellationToken cancellationToken)
    {
        foreach (var table in Cleared)
        {
            await ExecuteAsync($"DELETE FROM {table}", cancellationToken);
        }

        foreach (var prefix in (string[])["points/", "protections/", "wal/"])
        {
            await foreach (var item in Location.ListAsync(prefix, cancellationToken))
            {
                await Location.DeleteAsync(item.Key, cancellationToken);
            }
        }

        await Location.DeleteAsync("retention.json", cancellationToken);
        Workers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        if (Workers is not null)
        {
            await Workers.DisposeAsync();
        }

        await Coordinator.DisposeAsync();

        // Shown with a test that failed.
        TestContext.Current.TestOutputHelper?.WriteLine(await Coordinator.LogAsync());
        _home.Dispose();
        _settingsHome?.Dispose();
        if (Settings["Broker:VirtualHost"] == SharedHost)
        {
            OnSharedHost.Release();
        }
    }

    private async Task WaitForWorkersAsync(CancellationToken cancellationToken)
    {
        while (await QueryAsync<long>("SELECT count(*) FROM workers WHERE service <> 'coordinator'", cancellationToken) < FakeWorkers.Services.Count)
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>The broker's default one where there is no management interface that is ours.</summary>
    private static async Task<string> CreateVirtualHostAsync(BrokerAddress rabbit, CancellationToken cancellationToken)
    {
        if (rabbit.Management is not { } management)
        {
            return SharedHost;
        }

        var name = $"test-{Guid.NewGuid():n}";
        using var http = new HttpClient { BaseAddress = management };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{rabbit.Username}:{rabbit.Password}")));
        using var answer = await http.PutAsync(new Uri($"api/vhosts/{name}", UriKind.Relative), null, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return name;
    }
}
