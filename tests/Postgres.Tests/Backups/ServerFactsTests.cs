using StellaOps.Backup.Postgres.Backups;

namespace StellaOps.Backup.Postgres.Tests.Backups;

public sealed class ServerFactsTests
{
    [Fact]
    public void A_server_as_it_is_built_by_default_is_suitable() => ServerFacts.RefuseUnsuitable(Settings());

    [Theory]
    [InlineData("wal_level", "minimal")]
    [InlineData("block_size", "4096")]
    [InlineData("segment_size", "262144")]
    public void What_a_backup_cannot_read_is_refused_by_name(string name, string value)
    {
        var settings = Settings();
        settings[name] = value;
        var refused = Assert.Throws<ClusterException>(() => ServerFacts.RefuseUnsuitable(settings));
        Assert.Equal(ClusterFailure.Unsuitable, refused.Failure);
        Assert.StartsWith($"{name} is {value}", refused.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings() => new(StringComparer.Ordinal)
    {
        ["server_version_num"] = "180001",
        ["server_version"] = "18.1",
        ["wal_level"] = "replica",
        ["block_size"] = "8192",
        ["segment_size"] = "131072",
    };
}
