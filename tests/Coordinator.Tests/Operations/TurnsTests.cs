using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Tests.Operations;

public sealed class TurnsTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData(OperationKind.Backup, OperationKind.Backup, true)]
    [InlineData(OperationKind.Backup, OperationKind.Delete, true)]
    [InlineData(OperationKind.Backup, OperationKind.Restore, true)]
    [InlineData(OperationKind.Backup, OperationKind.Verify, false)]
    [InlineData(OperationKind.Backup, OperationKind.TestRestore, false)]
    [InlineData(OperationKind.Verify, OperationKind.Verify, false)]
    [InlineData(OperationKind.Verify, OperationKind.TestRestore, false)]
    [InlineData(OperationKind.Verify, OperationKind.Delete, true)]
    [InlineData(OperationKind.Verify, OperationKind.Restore, true)]
    [InlineData(OperationKind.TestRestore, OperationKind.Delete, true)]
    [InlineData(OperationKind.TestRestore, OperationKind.Restore, true)]
    [InlineData(OperationKind.Restore, OperationKind.Restore, true)]
    [InlineData(OperationKind.Restore, OperationKind.Delete, true)]
    [InlineData(OperationKind.Delete, OperationKind.Delete, true)]
    [InlineData(OperationKind.Backup, OperationKind.Undelete, true)]
    [InlineData(OperationKind.Retention, OperationKind.Backup, true)]
    [InlineData(OperationKind.Retention, OperationKind.Verify, true)]
    [InlineData(OperationKind.Replicate, OperationKind.Backup, false)]
    [InlineData(OperationKind.Replicate, OperationKind.Restore, false)]
    [InlineData(OperationKind.Replicate, OperationKind.Retention, false)]
    [InlineData(OperationKind.Replicate, OperationKind.Replicate, true)]
    [InlineData(OperationKind.Copy, OperationKind.Copy, true)]
    [InlineData(OperationKind.Copy, OperationKind.Archive, false)]
    [InlineData(OperationKind.Copy, OperationKind.Backup, false)]
    [InlineData(OperationKind.Copy, OperationKind.Verify, false)]
    [InlineData(OperationKind.Copy, OperationKind.Replicate, false)]
    [InlineData(OperationKind.Copy, OperationKind.Retention, true)]
    [InlineData(OperationKind.Copy, OperationKind.Restore, true)]
    [InlineData(OperationKind.Archive, OperationKind.Archive, false)]
    public void Kinds_conflict_on_one_component_and_never_on_two(OperationKind one, OperationKind other, bool conflict)
    {
        var evidence = Entry(one, 1, Component.Evidence);

        Assert.Equal(conflict, Turns.Conflict(evidence, Entry(other, 2, Component.Evidence)));
        Assert.Equal(conflict, Turns.Conflict(Entry(other, 2, Component.Evidence), evidence));
        Assert.False(Turns.Conflict(evidence, Entry(other, 2, Component.Config)));
    }

    [Fact]
    public void A_dry_run_of_a_restore_only_reads()
    {
        var dryRun = Entry(OperationKind.Restore, 1, Component.Database) with { DryRun = true };

        Assert.False(Turns.Conflict(dryRun, Entry(OperationKind.Backup, 2, Component.Database)));
    }

    [Fact]
    public void A_backup_waits_for_a_running_one_of_its_component()
    {
        var running = Entry(OperationKind.Backup, 1, Component.Evidence) with { Running = true };
        var same = Entry(OperationKind.Backup, 2, Component.Evidence);
        var other = Entry(OperationKind.Backup, 3, Component.Config);

        Assert.Equal([other.Id], Turns.MayStart([running, same, other]));
    }

    [Fact]
    public void Of_two_copies_the_later_one_starts_when_the_first_has_ended()
    {
        var first = Entry(OperationKind.Copy, 1, Component.Evidence, Component.Config);
        var second = Entry(OperationKind.Copy, 2, Component.Evidence);
        var archiving = Entry(OperationKind.Archive, 3, Component.Evidence);

        Assert.Equal([first.Id, archiving.Id], Turns.MayStart([first, second, archiving]));
        Assert.Equal([archiving.Id], Turns.MayStart([first with { Running = true }, second, archiving]));
        Assert.Equal([second.Id], Turns.MayStart([second, archiving with { Running = true }]));
    }

    [Theory]
    [InlineData("/mnt/offsite", "/mnt/elsewhere", true)]
    [InlineData("/mnt/offsite", "/mnt/offsite/", false)]
    [InlineData("s3://offsite?endpoint=http://one", "s3://offsite?endpoint=http://other", true)]
    [InlineData("s3://offsite?endpoint=http://one", "s3://offsite/?endpoint=http://one", false)]
    public void A_copy_waits_for_no_copy_to_another_place(string one, string other, bool beside)
    {
        var hanging = Entry(OperationKind.Copy, 1, Component.Evidence) with { Running = true, Destination = one };
        var next = Entry(OperationKind.Copy, 2, Component.Evidence) with { Destination = other };

        Assert.Equal(beside, Turns.MayStart([hanging, next]).Contains(next.Id));
        Assert.Empty(Turns.MayStart([hanging, Entry(OperationKind.Retention, 3, Component.Evidence) with { Destination = other }]));
    }

    [Fact]
    public void A_restore_goes_before_backups_that_came_earlier()
    {
        var backup = Entry(OperationKind.Backup, 1, Component.Database);
        var restore = Entry(OperationKind.Restore, 2, Component.Database);

        Assert.Equal([restore.Id], Turns.MayStart([backup, restore]));
    }

    [Fact]
    public void Nobody_is_overtaken_by_those_that_it_conflicts_with()
    {
        var verify = Entry(OperationKind.Verify, 1, Component.Evidence) with { Running = true };
        var delete = Entry(OperationKind.Delete, 2, Component.Evidence);
        var laterVerify = Entry(OperationKind.Verify, 3, Component.Evidence);

        Assert.Empty(Turns.MayStart([verify, delete, laterVerify]));
    }

    private static Turns.Entry Entry(OperationKind kind, int second, params Component[] components) =>
        new(Guid.NewGuid(), kind, false, components, false, Start.AddSeconds(second));
}
