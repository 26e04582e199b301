using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.Postgres.Tests.Pages;

public sealed class RelationFileTests
{
    [Theory]
    [InlineData("base/5/16384", 1663u, 5u, 16384u, "", 0u)]
    [InlineData("base/5/16384.3", 1663u, 5u, 16384u, "", 3u)]
    [InlineData("base/5/16384_fsm", 1663u, 5u, 16384u, "fsm", 0u)]
    [InlineData("base/5/16384_vm.1", 1663u, 5u, 16384u, "vm", 1u)]
    [InlineData("global/1262", 1664u, 0u, 1262u, "", 0u)]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/16401_init", 16400u, 5u, 16401u, "init", 0u)]
    public void Relations_are_recognised(string path, uint tablespace, uint database, uint node, string fork, uint segment)
    {
        var file = RelationFile.TryParse(path)!.Value;
        Assert.Equal((tablespace, database, node, fork, segment), (file.Tablespace, file.Database, file.FileNode, file.Fork, file.Segment));
    }

    [Theory]
    [InlineData("base/5/PG_VERSION")]
    [InlineData("base/5/pg_filenode.map")]
    [InlineData("global/pg_control")]
    [InlineData("pg_xact/0000")]
    [InlineData("base/5/t3_16384")]
    [InlineData("base/5/16384_other")]
    [InlineData("pg_multixact/members/0000")]
    public void Other_files_are_not(string path) => Assert.Null(RelationFile.TryParse(path));

    [Fact]
    public void Blocks_are_counted_from_the_start_of_the_fork() =>
        Assert.Equal(2u * 131072, RelationFile.TryParse("base/1/2.2")!.Value.FirstBlock);
}
