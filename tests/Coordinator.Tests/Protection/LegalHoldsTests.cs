using CsCheck;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Protection;

namespace StellaOps.Backup.Coordinator.Tests.Protection;

public sealed class LegalHoldsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 17, 10, 30, 0, TimeSpan.Zero);
    private static readonly IReadOnlyList<LegalHold> Held = LegalHolds.Set([], "CASE-1", "ann", Now);

    [Fact]
    public void Two_people_release_a_hold_and_one_alone_does_not()
    {
        var asked = LegalHolds.Release(Held, null, "ben", "closed", Now);

        Assert.Equal(new HoldRelease { By = "ben", At = Now, Until = Now.AddHours(72), Reason = "closed" }, Assert.Single(asked).Release);
        var alone = Assert.Throws<BackupException>(() => LegalHolds.Release(asked, null, "ben", null, Now.AddHours(1)));
        Assert.Equal(ErrorCodes.SecondPerson, alone.Error);
        Assert.Contains("ben asked for the release of the legal hold 'CASE-1' before", alone.Message, StringComparison.Ordinal);
        Assert.Empty(LegalHolds.Release(asked, "CASE-1", "ann", null, Now.AddHours(71)));
    }

    [Fact]
    public void A_release_that_nobody_joined_in_time_has_to_be_asked_for_again()
    {
        var late = LegalHolds.Release(LegalHolds.Release(Held, null, "ben", null, Now), null, "cho", null, Now.AddHours(72));

        Assert.Equal("cho", Assert.Single(late).Release!.By);
    }

    [Fact]
    public void Who_says_hold_again_takes_the_release_back()
    {
        var again = LegalHolds.Set(LegalHolds.Release(Held, null, "ben", null, Now), "CASE-1", "cho", Now.AddHours(1));

        Assert.Equal(Held, again);
    }

    [Fact]
    public void Of_several_holds_the_one_that_is_meant_is_named()
    {
        var several = LegalHolds.Set(Held, "CASE-2", "ann", Now);

        Assert.Equal(ErrorCodes.InvalidInput, Assert.Throws<BackupException>(() => LegalHolds.Release(several, null, "ben", null, Now)).Error);
        Assert.Equal(ErrorCodes.HoldNotFound, Assert.Throws<BackupException>(() => LegalHolds.Release(several, "CASE-3", "ben", null, Now)).Error);
        Assert.Equal(ErrorCodes.HoldNotFound, Assert.Throws<BackupException>(() => LegalHolds.Release([], null, "ben", null, Now)).Error);
        var other = LegalHolds.Release(LegalHolds.Release(several, "CASE-2", "ben", null, Now), "CASE-2", "cho", null, Now);
        Assert.Equal(Held, other);
    }

    [Fact]
    public void The_bootstrap_key_is_nobody()
    {
        var refused = Assert.Throws<BackupException>(() => LegalHolds.Release(Held, null, "bootstrap", null, Now));

        Assert.Equal(ErrorCodes.NotAllowed, refused.Error);
    }

    [Fact]
    public void Whatever_three_people_do_a_hold_ends_by_two_of_them_only() => ProtectionStory.Any.Sample(story =>
    {
        var (pin, holds) = story.Play();
        Assert.Equal(story.IsPinned, pin is not null);
        Assert.Equal(story.HeldFor.Order(), holds.Select(hold => hold.Reason).Order());
    });
}
