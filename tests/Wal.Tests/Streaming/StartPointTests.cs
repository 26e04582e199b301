using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>Where streaming goes on, by what is there. Segments have 1 MiB, and a number in place of their name.</summary>
public sealed class StartPointTests
{
    private static readonly WalFiles Files = new(1 << 20);

    [Theory]
    [InlineData("3 4 5", 6.2, 6, 5)] // All that the slot has let go is there.
    [InlineData("3 4 5", 4.0, 6, 5)] // More than that is there.
    [InlineData("3 4 6", 5.3, 5, 6)] // The later one of two was stored, the earlier one not.
    [InlineData("3 5 7 8", 4.9, 4, 8)]
    [InlineData("3 5 7 8", 5.0, 6, 8)] // What is missing before the slot is a gap, and not had by receiving.
    [InlineData("3 4 5", 9.0, 6, 5)] // The server may have more than its slot says.
    public void It_is_the_first_segment_that_is_missing_of_those_which_the_server_keeps(string whole, double kept, int start, int behind)
    {
        var chosen = Choose(whole, kept, null);
        Assert.Equal((Files.StartOf((ulong)start), Name(behind), false), (chosen.Start, chosen.Behind, chosen.IsNew));
    }

    [Fact]
    public void Behind_what_the_server_has_removed_nothing_is_asked_for()
    {
        var chosen = Choose("3 4 6", 5.3, Files.StartOf(8));
        Assert.Equal((Files.StartOf(8), null, false), (chosen.Start, chosen.Behind, chosen.IsNew));
    }

    [Fact]
    public void With_nothing_it_is_where_the_slot_is() =>
        Assert.Equal((Files.StartOf(7), null, true), (Choose("", 7.5, null).Start, Choose("", 7.5, null).Behind, Choose("", 7.5, null).IsNew));

    /// <summary>A recovery to a time within the first segment of the archive: the timeline before went on, and nothing of that is of the new one.</summary>
    [Theory]
    [InlineData("2 3 11", "12")]
    [InlineData("3 11", "2 12")]
    public void In_the_segment_in_which_the_timeline_before_was_left_it_is_the_start_of_that_segment_whatever_came_behind_it(string whole, string unfinished)
    {
        var history = TimelineHistory.Parse(2, "1\t0/233333\tbefore 2026-01-17 10:30:07+00\n"u8.ToArray());
        var chosen = StartPoint.Choose(history.Path(), Files, Names(whole), Names(unfinished), Files.StartOf(3), null);
        Assert.Equal((2u, Files.StartOf(2), null, false), (chosen.Timeline, chosen.Start, chosen.Behind, chosen.IsNew));
    }

    private static StartPoint Choose(string whole, double kept, Lsn? least) => StartPoint.Choose(
        TimelineHistory.First.Path(), Files, Names(whole), [], new Lsn((ulong)(kept * (1 << 20))), least);

    private static WalName[] Names(string numbers) => [.. numbers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => Name(int.Parse(number)))];

    private static WalName Name(int number) => WalName.TryParse(Files.SegmentAt(1, Files.StartOf((ulong)number)), out var name) ? name : throw new ArgumentOutOfRangeException(nameof(number));
}
