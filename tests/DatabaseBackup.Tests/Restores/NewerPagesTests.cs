using System.Buffers.Binary;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

/// <summary>What the positions in pages say of a backup.</summary>
public sealed class NewerPagesTests
{
    private static readonly Lsn Stop = new(0x1_2345_6789);

    [Fact]
    public void One_page_behind_the_backups_end_makes_a_piece_another_one()
    {
        var differs = NewerPages.Than(Stop)("base/5/16384")!;
        Assert.False(differs(Pages(0, Stop.Value - 8, Stop.Value)));
        Assert.True(differs(Pages(0, Stop.Value + 1, 0)));
        Assert.True(differs(Pages(0, 0, 0x2_0000_0000)));
        Assert.False(differs(Pages(Stop.Value).AsSpan(0, PageChecksums.PageSize - 1)));
        Assert.False(differs([]));
    }

    [Theory]
    [InlineData("global/1262", true)]
    [InlineData("base/5/16384_vm", true)]
    [InlineData("pgdata/base/5/16384.3", true)]
    [InlineData("tablespaces/16400/PG_15_202209061/5/16384_fsm", true)]
    [InlineData("5/16384", true)]
    [InlineData("pg_xact/0000", false)]
    [InlineData("pg_wal/000000010000000000000001", false)]
    [InlineData("base/5/PG_VERSION", false)]
    [InlineData("global/pg_control", false)]
    [InlineData("16384", false)]
    public void Only_files_of_relations_have_pages(string path, bool have) => Assert.Equal(have, NewerPages.Than(Stop)(path) is not null);

    private static byte[] Pages(params ulong[] positions)
    {
        var pages = new byte[positions.Length * PageChecksums.PageSize];
        foreach (var (index, position) in positions.Index())
        {
            var page = pages.AsSpan(index * PageChecksums.PageSize);
            BinaryPrimitives.WriteUInt32LittleEndian(page, (uint)(position >> 32));
            BinaryPrimitives.WriteUInt32LittleEndian(page[4..], (uint)position);
        }

        return pages;
    }
}
