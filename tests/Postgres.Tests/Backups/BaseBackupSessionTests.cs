using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Tests.Clusters;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Postgres.Tests.Backups;

public abstract class BaseBackupSessionTests(SampleCluster cluster)
{
    [Fact]
    public async Task It_hands_back_label_and_positions_and_keeps_the_wal_between_them()
    {
        await using var session = await BaseBackupSession.StartAsync(cluster.Connection, "a label", StartCheckpoint.Spread, TestContext.Current.CancellationToken);
        await cluster.Server.ExecuteAsync("SELECT pg_switch_wal(); CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT", cancellationToken: TestContext.Current.CancellationToken);
        var stop = await session.StopAsync(TestContext.Current.CancellationToken);
        await cluster.Server.ExecuteAsync("CHECKPOINT", cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(stop.Stop > session.Start);
        Assert.Equal(1u, stop.Timeline);
        Assert.Contains("LABEL: a label", stop.BackupLabel, StringComparison.Ordinal);
        Assert.Contains(cluster.TablespaceLocation, stop.TablespaceMap, StringComparison.Ordinal);
        Assert.Equal(cluster.Server.Major, session.Server.MajorVersion);
        Assert.Equal("postgres", session.Server.Superuser);
        Assert.True(session.Server.PageChecksums);
        Assert.All(
            new WalFiles(session.Server.WalSegmentSize).Segments(stop.Timeline, session.Start, stop.Stop),
            name => Assert.True(File.Exists(Path.Combine(cluster.Server.DataDirectory, "pg_wal", name)), name));
    }

    [Fact]
    public async Task A_page_can_have_changed_since_the_start_up_to_where_the_server_is()
    {
        await using var session = await BaseBackupSession.StartAsync(cluster.Connection, "pages", StartCheckpoint.Fast, TestContext.Current.CancellationToken);
        Assert.False(await session.CanHaveChangedAsync(new Lsn(session.Start.Value - 1), TestContext.Current.CancellationToken));
        Assert.True(await session.CanHaveChangedAsync(session.Start, TestContext.Current.CancellationToken));
        Assert.False(await session.CanHaveChangedAsync(new Lsn(ulong.MaxValue), TestContext.Current.CancellationToken));

        var before = (await ServerWal.PositionAsync(cluster.Connection, TestContext.Current.CancellationToken)).Position;
        await cluster.Server.ExecuteAsync("SELECT pg_switch_wal()", cancellationToken: TestContext.Current.CancellationToken);
        var after = (await ServerWal.PositionAsync(cluster.Connection, TestContext.Current.CancellationToken)).Position;
        Assert.True(after > before);
        Assert.True(await session.CanHaveChangedAsync(after, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_session_that_is_given_up_leaves_no_slot()
    {
        await (await BaseBackupSession.StartAsync(cluster.Connection, "given up", StartCheckpoint.Fast, TestContext.Current.CancellationToken)).DisposeAsync();
        while ((long)(await cluster.Server.ExecuteAsync(
            "SELECT count(*) FROM pg_replication_slots s JOIN pg_stat_activity a ON a.pid = s.active_pid WHERE a.query LIKE '%given up%'",
            cancellationToken: TestContext.Current.CancellationToken))! > 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_role_without_rights_is_told_each_missing_grant_until_it_has_all()
    {
        await cluster.Server.ExecuteAsync("DROP ROLE IF EXISTS \"back up\"; CREATE ROLE \"back up\" LOGIN", cancellationToken: TestContext.Current.CancellationToken);
        await using var connection = new ClusterConnection(cluster.Server.ConnectionString.Replace("Username=postgres", "Username=back up", StringComparison.Ordinal));
        for (var grants = 0; ; grants++)
        {
            Assert.True(grants < 10);
            try
            {
                await using var session = await BaseBackupSession.StartAsync(connection, "as told", StartCheckpoint.Fast, TestContext.Current.CancellationToken);
                var reader = new RemoteFileReader(connection);
                var (_, control) = await reader.ReadControlAsync(TestContext.Current.CancellationToken);
                var listing = await ClusterListing.ReadAsync(connection, cluster.Server.Major, control, TestContext.Current.CancellationToken);
                var elsewhere = listing.Files.First(file => file.Path.StartsWith("pg_tblspc/", StringComparison.Ordinal) && file is { IsDirectory: false, Size: > 0 });
                Assert.Equal(100, (await reader.ReadRangeAsync(elsewhere.Path, 0, 100, TestContext.Current.CancellationToken)).Length);
                await session.StopAsync(TestContext.Current.CancellationToken);
                Assert.Equal(7, grants);
                return;
            }
            catch (ClusterException denied)
            {
                Assert.True(denied is { Failure: ClusterFailure.PermissionDenied, Remedy: not null }, denied.Message);
                await cluster.Server.ExecuteAsync(denied.Remedy!, cancellationToken: TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unreachable()
    {
        await using var nowhere = new ClusterConnection("Host=127.0.0.1;Port=1;Username=x;Database=x");
        var failure = await Assert.ThrowsAsync<ClusterException>(() => BaseBackupSession.StartAsync(nowhere, "x", StartCheckpoint.Fast, TestContext.Current.CancellationToken));
        Assert.Equal(ClusterFailure.Unreachable, failure.Failure);
        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
    }
}

public sealed class BaseBackupSession15Tests(SampleCluster15 cluster) : BaseBackupSessionTests(cluster);

public sealed class BaseBackupSession18Tests(SampleCluster18 cluster) : BaseBackupSessionTests(cluster);
