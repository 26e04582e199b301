using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Clusters;

/// <summary>A running cluster like the platform's, with what makes backups hard, and statements to compare copies by.</summary>
internal sealed class PlatformCluster : IAsyncDisposable
{
    public const string OddDatabase = "odd \"name\" 'q' \\b";
    private readonly DirectoryInfo _tablespace;

    private PlatformCluster(PrivatePostgres server, DirectoryInfo tablespace) => (Server, _tablespace) = (server, tablespace);

    public PrivatePostgres Server { get; }

    public string TablespaceLocation => _tablespace.FullName;

    public static async Task<PlatformCluster> StartAsync(int major, CancellationToken cancellationToken)
    {
        var tablespace = Directory.CreateTempSubdirectory("stella-ts-");
        await ServerAccount.GiveAsync(PrivatePostgres.Account, tablespace.FullName, cancellationToken);
        var cluster = new PlatformCluster(await PrivatePostgres.StartAsync(major, cancellationToken: cancellationToken), tablespace);
        await cluster.Server.ExecuteAsync($"CREATE TABLESPACE other LOCATION '{tablespace.FullName}'", cancellationToken: cancellationToken);
        await cluster.Server.ExecuteAsync($"CREATE DATABASE {Sql.Identifier(OddDatabase)}", cancellationToken: cancellationToken);
        await cluster.Server.ExecuteAsync("CREATE TABLE here (i int); INSERT INTO here VALUES (7)", OddDatabase, cancellationToken);
        await cluster.Server.ExecuteAsync("""
            CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, filler text);
            INSERT INTO accounts SELECT i, 0, md5(i::text) FROM generate_series(1, 50000) i;
            CREATE INDEX ON accounts (balance);
            CREATE TABLE history (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account int, delta bigint);
            CREATE TABLE elsewhere (id int PRIMARY KEY USING INDEX TABLESPACE other, body text) TABLESPACE other;
            INSERT INTO elsewhere SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 3000) i;
            CREATE UNLOGGED TABLE forgotten AS SELECT i FROM generate_series(1, 1000) i;
            SELECT lo_from_bytea(4242, decode(repeat('ab', 100000), 'hex'));
            CREATE SCHEMA one;
            CREATE TABLE one.schema_migrations (migration_name text PRIMARY KEY, checksum text, applied_at timestamptz NOT NULL DEFAULT now());
            INSERT INTO one.schema_migrations VALUES ('001_start', 'c0ffee');
            CHECKPOINT
            """, cancellationToken: cancellationToken);
        return cluster;
    }

    /// <summary>What a dump would hold, as one text: comparable also where <c>pg_dump</c> does not match the server.</summary>
    public static async Task<string> DigestAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync("""
            SELECT concat_ws(' ',
                (SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM public.accounts a),
                (SELECT md5(coalesce(string_agg(h::text, '|' ORDER BY id), '')) FROM public.history h),
                (SELECT md5(string_agg(e::text, '|' ORDER BY id)) FROM public.elsewhere e),
                (SELECT md5(lo_get(4242))),
                (SELECT string_agg(m::text, '|') FROM one.schema_migrations m),
                (SELECT string_agg(c.oid::regclass::text, ',' ORDER BY c.oid::regclass::text) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'one')))
            """, row => row.GetString(0), cancellationToken);
        return rows[0];
    }

    public async Task<string> DigestAsync(CancellationToken cancellationToken)
    {
        await using var connection = new ClusterConnection(Server.ConnectionString);
        return await DigestAsync(connection, cancellationToken);
    }

    /// <summary>Total loss of a stopped server: the data directory goes, and what lies in the tablespace.</summary>
    public void Lose()
    {
        Directory.Delete(Server.DataDirectory, recursive: true);
        foreach (var version in _tablespace.GetDirectories())
        {
            version.Delete(recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _tablespace.Delete(recursive: true);
    }
}
