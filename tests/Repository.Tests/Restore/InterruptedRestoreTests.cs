using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Testing.Files;

namespace StellaOps.Backup.Repository.Tests.Restore;

public sealed class InterruptedRestoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_to_be_last_are_gone_while_a_restore_is_not_whole()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/global");
        File.WriteAllText($"{fixture.Source}/global/pg_control", "control");
        File.WriteAllBytes($"{fixture.Source}/zz-data", TestRepositories.Content(1, 300_000));
        var archived = await fixture.ArchiveAsync();
        await fixture.RestoreAsync(archived.Snapshot);
        File.WriteAllText($"{fixture.Target}/zz-data", "changed");
        RestoreRequest Last(RestoreRequest request) => request with { WriteLast = path => path == "global/pg_control" };

        var seen = false;
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.RestoreAsync(archived.Snapshot, request => Last(request) with
        {
            OnProgress = _ =>
            {
                seen |= File.Exists($"{fixture.Target}/global/pg_control");
                throw new InvalidOperationException("power failure");
            },
        }));
        Assert.False(seen);
        Assert.False(File.Exists($"{fixture.Target}/global/pg_control"));

        await fixture.RestoreAsync(archived.Snapshot, Last);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_no_half_file_and_can_be_repeated()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        for (var i = 0; i < 300; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(i, 5000));
        }

        var archived = await fixture.ArchiveAsync();
        using var stop = new CancellationTokenSource();
        var request = new RestoreRequest
        {
            Snapshot = archived.Snapshot,
            Subtree = fixture.Source,
            TargetDirectory = fixture.Target,
            Existing = ExistingFiles.AddOnly,
            OnProgress = progress =>
            {
                if (progress.Files == 100)
                {
                    stop.Cancel();
                }
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Restorer(fixture.Repository).RunAsync(request, stop.Token));
        Assert.Empty(Directory.GetFiles(fixture.Target));

        // What a killed process leaves, which had no time to clean up.
        File.WriteAllText($"{fixture.Target}/.stella-restore-0123456789abcdef", "half");
        var report = await fixture.RestoreAsync(archived.Snapshot, again => again with { Existing = ExistingFiles.AddOnly });
        Assert.Equal(300, report.FilesWritten);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, TreeAspects.All & ~TreeAspects.DirectoryTimes, Cancellation));
    }
}
