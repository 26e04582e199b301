using Microsoft.Extensions.Logging.Abstractions;
using StellaOps.Backup.ConfigBackup.Watching;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.ConfigBackup.Tests.Watching;

/// <summary>Real files, and the system's own watches.</summary>
public sealed class TreeReportsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-watch-");

    public TreeReportsTests()
    {
        Directory.CreateDirectory(_directory["etc", "stella"]);
        File.WriteAllText(_directory["etc", "stella", "a.yaml"], "a");
    }

    public void Dispose() => _directory.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task What_a_backup_would_save_differently_is_a_change_and_a_touch_is_none()
    {
        var token = TestContext.Current.CancellationToken;
        var file = _directory["etc", "stella", "a.yaml"];
        var seen = new HashSet<string> { await FingerprintAsync(token) };
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        Assert.False(seen.Add(await FingerprintAsync(token)));

        Action[] changes =
        [
            () => File.WriteAllText(file, "b"),
            () => File.SetUnixFileMode(file, UnixFileMode.UserRead),
            () => File.Move(file, _directory["etc", "stella", "b.yaml"]),
            () => Directory.CreateDirectory(_directory["etc", "stella", "empty"]),
            () => File.CreateSymbolicLink(_directory["etc", "stella", "link"], "b.yaml"),
            () => Directory.Delete(_directory["etc", "stella"], recursive: true),
        ];
        foreach (var change in changes)
        {
            change();
            Assert.True(seen.Add(await FingerprintAsync(token)));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Ten_thousand_edits_are_a_handful_of_reports_and_the_last_report_has_them_all()
    {
        var token = TestContext.Current.CancellationToken;
        await using var reports = Reports(TimeSpan.FromHours(1)).ReadAsync(token).GetAsyncEnumerator(token);
        Assert.True(await reports.MoveNextAsync());

        for (var i = 0; i < 10_000; i++)
        {
            File.WriteAllText(_directory["etc", "stella", $"{i % 100}.yaml"], $"edit {i}");
        }

        var final = await FingerprintAsync(token);
        var count = 0;
        do
        {
            Assert.True(await reports.MoveNextAsync());
            count++;
        }
        while (reports.Current != final);
        Assert.InRange(count, 1, 5);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_directory_that_takes_the_place_of_another_is_heard_again()
    {
        var token = TestContext.Current.CancellationToken;
        await using var reports = Reports(TimeSpan.FromHours(1)).ReadAsync(token).GetAsyncEnumerator(token);
        Assert.True(await reports.MoveNextAsync());
        Directory.Move(_directory["etc", "stella"], _directory["etc", "old"]);
        Directory.CreateDirectory(_directory["etc", "stella"]);
        Assert.True(await reports.MoveNextAsync());
        var replaced = reports.Current;

        File.WriteAllText(_directory["etc", "stella", "new.yaml"], "new");

        Assert.True(await reports.MoveNextAsync());
        Assert.NotEqual(replaced, reports.Current);
        Assert.Equal(await FingerprintAsync(token), reports.Current);
    }

    private TreeReports Reports(TimeSpan interval) => new([_directory["etc"]], interval, TimeProvider.System, NullLogger.Instance);

    private Task<string> FingerprintAsync(CancellationToken cancellationToken) => TreeFingerprint.OfAsync([_directory["etc"]], cancellationToken);
}
