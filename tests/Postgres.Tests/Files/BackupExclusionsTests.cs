using StellaOps.Backup.Postgres.Files;

namespace StellaOps.Backup.Postgres.Tests.Files;

public sealed class BackupExclusionsTests
{
    [Theory]
    [InlineData("postmaster.pid")]
    [InlineData("backup_label")]
    [InlineData("pg_wal/000000010000000000000001")]
    [InlineData("pg_wal/archive_status/000000010000000000000001.done")]
    [InlineData("pg_replslot/mine/state")]
    [InlineData("pg_stat_tmp/global.stat")]
    [InlineData("base/pgsql_tmp/pgsql_tmp123.0")]
    [InlineData("base/pgsql_tmp")]
    [InlineData("base/5/t4_16384")]
    [InlineData("base/5/t4_16384_fsm.1")]
    [InlineData("base/5/pg_internal.init")]
    [InlineData("global/pg_internal.init.4711")]
    [InlineData(".s.PGSQL.5432.lock")]
    public void What_the_server_makes_anew_is_left_out(string path) => Assert.Empty(Apply(path));

    [Theory]
    [InlineData("pg_wal")]
    [InlineData("pg_notify")]
    [InlineData("global/pg_control")]
    [InlineData("base/5/16384")]
    [InlineData("pg_xact/0000")]
    [InlineData("postgresql.auto.conf")]
    [InlineData("conf.d/postmaster.pid")]
    [InlineData("pg_logical/replorigin_checkpoint")]
    public void Everything_else_stays(string path) => Assert.Equal([path], Apply(path));

    [Fact]
    public void Of_an_unlogged_relation_only_the_init_fork_stays() => Assert.Equal(
        ["base/5/100_init", "base/5/101", "base/6/100"],
        Apply("base/5/100", "base/5/100.1", "base/5/100_fsm", "base/5/100_init", "base/5/101", "base/6/100"));

    private static IEnumerable<string> Apply(params string[] paths) =>
        BackupExclusions.Apply([.. paths.Select(path => new ClusterFile(path, false, 0, default, default))]).Select(file => file.Path);
}
