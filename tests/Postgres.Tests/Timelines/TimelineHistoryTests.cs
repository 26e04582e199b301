using System.Text;
using StellaOps.Backup.Postgres.Timelines;

namespace StellaOps.Backup.Postgres.Tests.Timelines;

public sealed class TimelineHistoryTests
{
    [Fact]
    public void A_path_leads_along_the_ancestors_to_where_each_was_left()
    {
        var history = Read(3, "1\t0/3000000\tno recovery target specified\n# a comment\n\n2\t0/5000000\tbefore 2026-01-17 10:30:00+00\n");
        Assert.Equal(
            [new TimelineSpan(1, new Lsn(0), Lsn.Parse("0/3000000")), new TimelineSpan(2, Lsn.Parse("0/3000000"), Lsn.Parse("0/5000000")), new TimelineSpan(3, Lsn.Parse("0/5000000"), null)],
            history.Path());
        Assert.Equal(new TimelineSwitch(2, Lsn.Parse("0/5000000")), history.Parent);
    }

    /// <summary>As PostgreSQL writes it after a recovery along timeline 2 to a time before that began.</summary>
    [Fact]
    public void A_parent_that_was_left_before_it_began_gives_nothing_and_its_own_parent_is_left_as_early()
    {
        var path = Read(3, "1\t0/5000000\tno recovery target specified\n2\t0/4000000\tbefore 2026-01-17 10:30:00+00\n").Path();
        Assert.Equal(
            [new TimelineSpan(1, new Lsn(0), Lsn.Parse("0/4000000")), new TimelineSpan(2, Lsn.Parse("0/4000000"), Lsn.Parse("0/4000000")), new TimelineSpan(3, Lsn.Parse("0/4000000"), null)],
            path);
    }

    [Theory]
    [InlineData("1 somewhere\n")]
    [InlineData("3\t0/3000000\n")]
    [InlineData("2\t0/3000000\n1\t0/4000000\n")]
    public void What_is_no_history_is_refused(string content) => Assert.Throws<FormatException>(() => Read(3, content));

    private static TimelineHistory Read(uint timeline, string content) => TimelineHistory.Parse(timeline, Encoding.UTF8.GetBytes(content));
}
