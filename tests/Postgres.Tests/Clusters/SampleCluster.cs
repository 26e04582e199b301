using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Testing.Postgres;

[assembly: AssemblyFixture(typeof(StellaOps.Backup.Postgres.Tests.Clusters.SampleCluster15))]
[assembly: AssemblyFixture(typeof(StellaOps.Backup.Postgres.Tests.Clusters.SampleCluster18))]

namespace StellaOps.Backup.Postgres.Tests.Clusters;

/// <summary>A running cluster with what makes base backups hard: a tablespace, an odd name, unlogged and large things.</summary>
public abstract class SampleCluster(int major) : IAsyncLifetime
{
    public const string OddDatabase = "odd \"name\" 'q' \\b";
    private readonly DirectoryInfo _tablespace = Directory.CreateTempSubdirectory("stella-ts-");

    public PrivatePostgres Server { get; private set; } = null!;

    public ClusterConnection Connection { get; private set; } = null!;

    public string TablespaceLocation => _tablespace.FullName;

    public async ValueTask InitializeAsync()
    {
        Server = await PrivatePostgres.StartAsync(major);
        Connection = new ClusterConnection(Server.ConnectionString);
        await Testing.Machine.ServerAccount.GiveAsync(PrivatePostgres.Account, TablespaceLocation);
        await Server.ExecuteAsync($"CREATE TABLESPACE other LOCATION '{TablespaceLocation}'");
        await Server.ExecuteAsync($"CREATE DATABASE {Sql.Identifier(OddDatabase)}");
        await Server.ExecuteAsync("""
            CREATE TABLE numbers AS SELECT i, md5(i::text) AS text FROM generate_series(1, 40000) i;
            CREATE INDEX ON numbers (i);
            CREATE INDEX ON numbers (text);
            CREATE TABLE elsewhere (id int PRIMARY KEY USING INDEX TABLESPACE other, body text) TABLESPACE other;
            INSERT INTO elsewhere SELECT i, repeat('x', 500) FROM generate_series(1, 3000) i;
            CREATE UNLOGGED TABLE forgotten AS SELECT i FROM generate_series(1, 1000) i;
            SELECT lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'));
            CREATE TABLE documents (words tsvector);
            INSERT INTO documents SELECT to_tsvector('simple', md5(i::text)) FROM generate_series(1, 500) i;
            CREATE INDEX ON documents USING gin (words);
            CREATE SCHEMA one; CREATE SCHEMA "Two";
            CREATE TABLE one.schema_migrations (migration_name text PRIMARY KEY, checksum text, applied_at timestamptz NOT NULL);
            INSERT INTO one.schema_migrations VALUES ('002_b', 'bb', '2026-01-02'), ('001_z', NULL, '2026-01-01');
            CREATE TABLE "Two".schema_migrations (version bigint PRIMARY KEY);
            INSERT INTO "Two".schema_migrations VALUES (20260102), (20260101);
            CREATE SCHEMA three; CREATE TABLE three.schema_migrations (nothing_known int);
            CHECKPOINT
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await Server.DisposeAsync();
        _tablespace.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

public sealed class SampleCluster15() : SampleCluster(15);

public sealed class SampleCluster18() : SampleCluster(18);
