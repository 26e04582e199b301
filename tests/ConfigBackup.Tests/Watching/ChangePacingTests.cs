using StellaOps.Backup.ConfigBackup.Watching;

namespace StellaOps.Backup.ConfigBackup.Tests.Watching;

public sealed class ChangePacingTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void A_single_change_is_looked_at_seconds_later() =>
        Assert.Equal([TimeSpan.FromSeconds(63)], Looks(new ChangePacing(), TimeSpan.FromMinutes(5), now => now == TimeSpan.FromSeconds(60)));

    [Fact]
    public void Ten_thousand_changes_within_a_minute_are_a_handful_of_looks()
    {
        // 17 at each step: 10,200.
        var looks = Looks(new ChangePacing(), TimeSpan.FromMinutes(5), now => now < TimeSpan.FromMinutes(1), each: 17);

        Assert.Equal([TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60)], looks);
    }

    [Fact]
    public void Changes_that_never_end_are_looked_at_ever_less_often()
    {
        var looks = Looks(new ChangePacing(), TimeSpan.FromHours(2), _ => true);

        var apart = looks.Zip(looks.Skip(1), (one, next) => Math.Round((next - one).TotalSeconds)).ToList();
        Assert.Equal([40, 80, 160, 320, 600, 600], apart.Take(6));
        Assert.Equal(600, apart[^1]);
    }

    [Fact]
    public void After_a_rest_a_change_is_looked_at_as_soon_as_ever()
    {
        var pacing = new ChangePacing();
        Looks(pacing, TimeSpan.FromHours(2), _ => true);
        pacing.Looked();
        pacing.Rested();

        Assert.Equal(TimeSpan.FromSeconds(20), Looks(pacing, TimeSpan.FromMinutes(1), _ => true)[0]);
    }

    private static List<TimeSpan> Looks(ChangePacing pacing, TimeSpan duration, Func<TimeSpan, bool> changes, int each = 1)
    {
        var looks = new List<TimeSpan>();
        for (var now = TimeSpan.Zero; now <= duration; now += Step)
        {
            if (pacing.LookAt <= now)
            {
                looks.Add(now);
                pacing.Looked();
            }

            for (var i = 0; changes(now) && i < each; i++)
            {
                pacing.Changed(now);
            }
        }

        return looks;
    }
}
