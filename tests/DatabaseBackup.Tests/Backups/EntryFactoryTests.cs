using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class EntryFactoryTests
{
    [Theory]
    [InlineData("base/5/16384", "640")]
    [InlineData("global/pg_control", "640")]
    [InlineData("pg_tblspc/16399/PG_15_202209061/5/16400", "640")]
    [InlineData("postgresql.auto.conf", "640")]
    [InlineData("server.key", "600")]
    [InlineData("certificates/root.pem", "600")]
    [InlineData(".pgpass", "600")]
    public async Task Over_sql_a_group_may_read_only_what_is_the_servers_own(string path, string mode)
    {
        await using var nowhere = new ClusterConnection("Host=127.0.0.1;Port=1;Username=x;Database=x");
        Assert.Equal(mode, ModeOf(new RemoteFileReader(nowhere), path));
    }

    [Theory]
    [InlineData("PG_VERSION", "600", "640")]
    [InlineData("server.crt", "644", "644")]
    [InlineData("archive.sh", "755", "755")]
    [InlineData(".pgpass", "600", "600")]
    [InlineData("server.key", "640", "600")]
    [InlineData("gone.crt", null, "600")]
    public async Task Other_files_of_a_mounted_directory_keep_their_modes_and_keys_are_for_their_owner(string path, string? before, string mode)
    {
        using var home = new TemporaryDirectory();
        await using var nowhere = new ClusterConnection("Host=127.0.0.1;Port=1;Username=x;Database=x");
        if (before is not null)
        {
            await File.WriteAllTextAsync(home[path], "", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(home[path], (UnixFileMode)Convert.ToInt32(before, 8));
        }

        Assert.Equal(mode, ModeOf(new MountedFiles(home.Path, tablespaces: true, new RemoteFileReader(nowhere)), path));
    }

    private static string ModeOf(IClusterFiles files, string path)
    {
        var entries = new EntryFactory(files, groupReadable: true, owner: null, DateTimeOffset.UnixEpoch, new Cuts(1 << 16, new IndexFiles()));
        var file = new ClusterFile(path, false, 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        return Convert.ToString((int)entries.File(file, trust: false, changes: null).Metadata.Permissions, 8);
    }
}
