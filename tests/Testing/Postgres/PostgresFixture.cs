using Npgsql;
using Testcontainers.PostgreSql;
using Xunit;

namespace StellaOps.Backup.Testing.Postgres;

/// <summary>
/// One PostgreSQL server for a test assembly or collection: the one that <c>STELLA_TEST_POSTGRES</c> names by a connection
/// string, else a private native one, else a container. Tests get databases of their own from it.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgreSqlContainer? _container;
    private int _databases;

    /// <summary>Connection string of a superuser.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>The private server; null when it is someone else's or in a container.</summary>
    public PrivatePostgres? Private { get; private set; }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("STELLA_TEST_POSTGRES") is { Length: > 0 } given)
        {
            ConnectionString = given;
            return;
        }

        try
        {
            Private = await PrivatePostgres.StartAsync();
            ConnectionString = Private.ConnectionString;
        }
        catch (InvalidOperationException missing)
        {
            await StartContainerAsync(missing);
        }
    }

    /// <summary>Creates an empty database and returns the connection string to it.</summary>
    /// <param name="name">Start of its name: lower-case letters and underscores.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<string> NewDatabaseAsync(string name, CancellationToken cancellationToken = default) => NewDatabaseAsync(name, "template1", cancellationToken);

    /// <summary>Creates a copy of a database to which nothing is connected, and returns the connection string to the copy.</summary>
    public async Task<string> NewDatabaseAsync(string name, string template, CancellationToken cancellationToken = default)
    {
        var database = $"{name}_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var create = source.CreateCommand($"CREATE DATABASE {database} TEMPLATE {template}");
        await create.ExecuteNonQueryAsync(cancellationToken);
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Private is not null)
        {
            await Private.DisposeAsync();
        }

        if (_container is not null)
        {
            await _container.DisposeAsync();
        }
    }

    private async Task StartContainerAsync(InvalidOperationException missing)
    {
        try
        {
            _container = new PostgreSqlBuilder("postgres:15").Build();
            await _container.StartAsync();
            ConnectionString = _container.GetConnectionString();
        }
        catch (Exception container)
        {
            throw new InvalidOperationException(
                $"no PostgreSQL for the tests. STELLA_TEST_POSTGRES is not set; a private server: {missing.Message}; a container: {container.Message}", container);
        }
    }
}
