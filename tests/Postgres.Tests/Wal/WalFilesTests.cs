using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Postgres.Tests.Wal;

public sealed class WalFilesTests
{
    private static readonly WalFiles Default = new(16 << 20);

    [Fact]
    public void A_stop_at_the_start_of_a_segment_needs_only_the_one_before() => Assert.Equal(
        ["000000010000000000000002", "000000010000000000000003"],
        Default.Segments(1, new Lsn(0x2000028), new Lsn(0x4000000)));

    [Fact]
    public void One_byte_more_needs_the_next_segment() => Assert.Equal(
        ["000000010000000000000003", "000000010000000000000004"],
        Default.Segments(1, new Lsn(0x3000000), new Lsn(0x4000001)));

    [Fact]
    public void Names_carry_over_at_four_gibibytes() => Assert.Equal(
        ["0000000A00000001000000FF", "0000000A0000000200000000"],
        Default.Segments(10, new Lsn(0x1_FF000000), new Lsn(0x2_00000001)));

    [Fact]
    public void Other_segment_sizes_count_differently() =>
        Assert.Equal("00000001000000010000000F", new WalFiles(256 << 20).SegmentAt(1, new Lsn(0x1_FFFFFFFF)));

    [Fact]
    public void A_history_file_is_named_by_its_timeline() => Assert.Equal("0000001F.history", WalFiles.History(31));
}
