using Npgsql;

namespace StellaOps.Backup.Postgres.Connections;

/// <summary>
/// Pooled connections to one cluster, set up for backup work: no timeouts that the caller does not ask for, only <c>pg_catalog</c> on the search path (a
/// function planted in <c>public</c> is never called), all rows or an error where policies would hide some, and failures as
/// <see cref="ClusterException"/>.
/// </summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    // The longest statement of a backup lists all files. Silence for longer means a dead network; a Unix socket cannot be dead
    // in that way, and the checks of a copy behind one take as long as they take.
    private const int CommandTimeoutSeconds = 600;

    // A statement that takes as long as it takes is answered in the end, or the system has given the connection up after some nine probes without an answer.
    private const int ProbeAfterSeconds = 60, ProbeIntervalSeconds = 30;

    // Two rows of a file. With Npgsql's own 8 KiB every receive takes one of the server's sends, and the network costs twice as much of the processor's time.
    private const int ReadBufferBytes = 256 << 10;

    // The planner takes lists of files for long queries, and the server would compile them: longer than it takes to run them.
    private const string OwnStatements = " -c search_path=pg_catalog -c jit=off";
    private readonly NpgsqlConnectionStringBuilder _settings;

    /// <summary>Takes an Npgsql connection string; connects on first use.</summary>
    /// <param name="connectionString">Host, port, role and database.</param>
    /// <param name="password">Password, or null where the connection string or the server needs none.</param>
    /// <param name="connections">Bound of the pool.</param>
    /// <param name="ownSearchPath">True for statements that an operator wrote for the database's own search path.</param>
    /// <param name="lockTimeout">How long a statement waits for a lock; zero is for ever.</param>
    /// <param name="patient">True for statements that read whole tables, which take as long as they take.</param>
    public ClusterConnection(
        string connectionString, string? password = null, int connections = 6, bool ownSearchPath = false, TimeSpan lockTimeout = default, bool patient = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        _settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = connections,
            ApplicationName = "stella-ops-backup",
            KeepAlive = 30,
            ReadBufferSize = ReadBufferBytes,
            Options = $"-c statement_timeout=0 -c lock_timeout={(long)lockTimeout.TotalMilliseconds} -c idle_session_timeout=0 -c row_security=off" + (ownSearchPath ? "" : OwnStatements),
        };
        var overSocket = _settings.Host is ['/' or '@', ..];
        _settings.CommandTimeout = overSocket || patient ? 0 : CommandTimeoutSeconds;
        if (!overSocket)
        {
            (_settings.TcpKeepAliveTime, _settings.TcpKeepAliveInterval) = (ProbeAfterSeconds, ProbeIntervalSeconds);
        }

        if (password is not null)
        {
            _settings.Password = password;
        }

        Source = NpgsqlDataSource.Create(_settings);
    }

    /// <summary>The pool.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Role that connects.</summary>
    public string Role => _settings.Username ?? Environment.UserName;

    /// <summary>For a connection of the replication protocol, which knows neither pools nor the settings of a session.</summary>
    internal string ReplicationConnectionString => new NpgsqlConnectionStringBuilder(_settings.ConnectionString)
    {
        Options = null,
        KeepAlive = 0,
        Pooling = false,
        CommandTimeout = 30,
    }.ConnectionString;

    /// <summary>Host and port for messages.</summary>
    public string Endpoint => $"{_settings.Host}:{_settings.Port}";

    /// <summary>Connections of the same role to another database of the cluster. The caller disposes it.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="lockTimeout">How long a statement waits for a lock; zero is for ever.</param>
    /// <param name="patient">True for statements that read whole tables, which take as long as they take.</param>
    public ClusterConnection ToDatabase(string database, TimeSpan lockTimeout = default, bool patient = false) =>
        new(new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Database = database, Pooling = false }.ConnectionString, lockTimeout: lockTimeout, patient: patient);

    /// <summary>Opens a connection outside of the pool: closing it ends the server's session and all that lives in it.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public Task<NpgsqlConnection> OpenSessionAsync(CancellationToken cancellationToken) => RunAsync(async () =>
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        return connection;
    });

    /// <summary>Opens a connection of the pool.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        RunAsync(async () => await Source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Gives up the connections that wait in the pool: those to a server that was stopped meanwhile would fail whoever is next.</summary>
    public void ForgetIdle() => Source.Clear();

    /// <summary>Runs a query and maps its rows.</summary>
    /// <exception cref="ClusterException">Unreachable, refused or failed.</exception>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(
        string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken, params object[] parameters)
    {
        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await QueryAsync(connection, sql, map, cancellationToken, parameters).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a query on a connection that the caller holds, and maps its rows.</summary>
    /// <exception cref="ClusterException">Unreachable, refused or failed.</exception>
    public Task<IReadOnlyList<T>> QueryAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken, params object[] parameters) =>
        RunAsync<IReadOnlyList<T>>(async () =>
        {
            var command = new NpgsqlCommand(sql, connection);
            await using var _ = command.ConfigureAwait(false);
            foreach (var parameter in parameters)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = parameter });
            }

            var rows = new List<T>();
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(map(reader));
            }

            return rows;
        });

    /// <summary>Runs work on the cluster and turns what the driver throws into <see cref="ClusterException"/>.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (NpgsqlException failure)
        {
            throw ServerErrors.Translate(failure, this);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
