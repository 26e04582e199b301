using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public sealed class BackupPositionTests
{
    private static readonly DateTimeOffset Earlier = new(2026, 3, 1, 3, 0, 0, TimeSpan.Zero);

    private static readonly BackupPosition Now = new()
    {
        SystemIdentifier = "7",
        Timeline = 1,
        Start = Lsn.Parse("0/5000000"),
        FullPageWrites = true,
        PageChecksums = true,
        FileClock = Earlier.AddDays(1),
        DirectoryMadeAt = Earlier.AddDays(-90),
        ServerStartedAt = Earlier.AddDays(-30),
        FutureTimes = false,
    };

    [Fact]
    public void A_later_backup_of_the_same_history_builds_on_the_earlier_one() => Assert.Null(Now.WhyNot(Facts(), 7));

    [Fact]
    public void So_does_one_within_the_same_second() => Assert.Null((Now with { FileClock = Earlier }).WhyNot(Facts(), 7));

    [Fact]
    public void Everything_is_read_where_times_of_files_prove_nothing()
    {
        Assert.Contains("timeline 1", (Now with { Timeline = 2 }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("another data directory", (Now with { DirectoryMadeAt = Earlier }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("set back", (Now with { Start = Lsn.Parse("0/3FFFFFF") }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("clock", (Now with { FileClock = Earlier.AddSeconds(-1) }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("clock", (Now with { FutureTimes = true }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("page checksums were switched off", (Now with { PageChecksums = false }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("full_page_writes", (Now with { FullPageWrites = false }).WhyNot(Facts(), 7), StringComparison.Ordinal);
        Assert.Contains("older version", Now.WhyNot(Facts() with { Read = null }, 7), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_has_the_last_wal_of_a_backup_has_gone_on_from_it_also_when_it_was_started_again()
    {
        Assert.Null(Now.WhyApart(Facts(), hasItsWal: true));
        Assert.Null((Now with { ServerStartedAt = Earlier.AddHours(1) }).WhyApart(Facts(), hasItsWal: true));
        Assert.Contains("put back to an earlier state", Now.WhyApart(Facts(), hasItsWal: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_that_wal_is_removed_only_a_server_that_was_never_started_again_has_gone_on_for_certain()
    {
        var facts = Facts();
        Assert.Null(Now.WhyApart(facts, hasItsWal: null));
        Assert.Contains("started again since the last backup", (Now with { ServerStartedAt = Earlier.AddHours(1) }).WhyApart(facts, hasItsWal: null), StringComparison.Ordinal);
        Assert.Contains("older version", Now.WhyApart(facts with { Read = facts.Read! with { ServerStartedAt = null } }, hasItsWal: null), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Everything_is_read_every_few_days(int days, bool builds) => Assert.Equal(builds, Now.WhyNot(Facts(), days) is null);

    private static BaseBackupFacts Facts() => new()
    {
        Version = BaseBackupFacts.CurrentVersion,
        Cut = new DatabaseCut
        {
            SystemIdentifier = "7",
            Timeline = 1,
            StartLsn = "0/3000000",
            StopLsn = "0/4000000",
            MajorVersion = 15,
            ServerVersion = "15.1",
            PageChecksums = true,
            Databases = [],
        },
        Superuser = "postgres",
        DataDirectory = "/data",
        WalSegmentBytes = 1 << 24,
        Settings = new Dictionary<string, string>(),
        Tablespaces = [],
        Read = new ReadFacts { ListedAt = Earlier, DirectoryMadeAt = Now.DirectoryMadeAt, ServerStartedAt = Now.ServerStartedAt, AllReadAt = Earlier, DamagedFiles = [] },
    };
}
