using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Repository.Tests.Files;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>What restores make sure of before the first change, and what they need not read for it.</summary>
public sealed class VerifyFirstTests
{
    private const int Cut = 64 << 10, Cuts = 40;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(VerifyFirst.WhatDiffers)]
    [InlineData(VerifyFirst.Everything)]
    public async Task Damage_of_what_the_target_lacks_is_found_before_anything_changes(VerifyFirst verify)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var archived = await ArchiveRelationAsync(fixture);
        await fixture.RestoreAsync(archived.Snapshot);
        Overwrite(fixture, cut: 7);
        File.WriteAllText($"{fixture.Target}/extra", "not in the snapshot");
        DamageData(fixture);

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { VerifyFirst = verify, DeleteExtra = true }));

        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
        Assert.Equal(new byte[10], Read(fixture, 7 * Cut, 10));
        Assert.True(File.Exists($"{fixture.Target}/extra"));
    }

    [Theory]
    [InlineData(VerifyFirst.WhatDiffers, false)]
    [InlineData(VerifyFirst.Everything, true)]
    public async Task Damage_of_what_the_target_has_matters_only_where_everything_is_asked_for(VerifyFirst verify, bool refused)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var archived = await ArchiveRelationAsync(fixture);
        await fixture.RestoreAsync(archived.Snapshot);
        DamageData(fixture);

        var restore = fixture.RestoreAsync(archived.Snapshot, request => request with { VerifyFirst = verify });
        if (refused)
        {
            Assert.Equal(RepositoryFailure.Damaged, (await Assert.ThrowsAsync<RepositoryException>(() => restore)).Failure);
        }
        else
        {
            Assert.Equal((1, 0), ((await restore).FilesUnchanged, (await restore).BytesWritten));
        }
    }

    [Theory]
    [InlineData(ExistingFiles.Delta)]
    [InlineData(ExistingFiles.AddOnly)]
    public async Task Only_packs_with_something_that_is_lacking_are_read(ExistingFiles existing)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Repository.Archive.ArchiveResult? archived = null;
        for (var i = 0; i < 8; i++)
        {
            File.WriteAllBytes($"{fixture.Source}/{i}", TestRepositories.Content(2 * i + 1, 500_000)); // Each in a pack of its own.
            archived = await fixture.ArchiveAsync(archived?.Snapshot);
        }

        await fixture.RestoreAsync(archived!.Snapshot);
        File.Delete($"{fixture.Target}/3");
        var read = new ConcurrentDictionary<string, bool>();
        var watching = new FaultyStore(new LocalObjectStore(fixture.RepositoryPath), new FaultRule(Fault.Tear)
        {
            Matches = call => call.Kind == StoreCallKind.Read && call.Key.StartsWith("data/", StringComparison.Ordinal) && read.TryAdd(call.Key, true) && false,
        });
        await using var repository = await TestRepositories.OpenAsync(watching);

        var report = await new Restorer(repository).RunAsync(
            new RestoreRequest { Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target, Existing = existing, VerifyFirst = VerifyFirst.WhatDiffers },
            Cancellation);

        Assert.Equal(1, report.FilesWritten);
        Assert.Equal(2, read.Count); // The one with the tree, and the one with the file's data.
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, TreeAspects.All & ~TreeAspects.DirectoryTimes, Cancellation));
    }

    [Fact]
    public async Task A_file_that_changes_after_it_was_compared_is_compared_again()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var archived = await ArchiveRelationAsync(fixture);
        await fixture.RestoreAsync(archived.Snapshot);
        await using var repository = await ResticRepository.OpenAsync(
            new LocalObjectStore(fixture.RepositoryPath), TestRepositories.Password, TestRepositories.Cheap with { Clock = new AheadClock(TimeSpan.FromMinutes(1)) }, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        var restorer = new Restorer(repository);
        var request = new RestoreRequest { Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target };
        await restorer.CheckAsync(request with { VerifyFirst = VerifyFirst.WhatDiffers }, Cancellation);

        Overwrite(fixture, cut: 7);
        File.SetLastWriteTimeUtc($"{fixture.Target}/relation", DateTime.UnixEpoch); // As if nothing had been written.

        Assert.Equal(Cut, (await restorer.RunAsync(request, Cancellation)).BytesWritten);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_was_found_to_differ_is_written_without_another_look()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        var archived = await ArchiveRelationAsync(fixture);
        await fixture.RestoreAsync(archived.Snapshot);
        Overwrite(fixture, cut: 7);
        Overwrite(fixture, cut: Cuts - 1);
        var restorer = new Restorer(fixture.Repository);
        var (files, bytes) = (0L, 0L);
        var request = new RestoreRequest
        {
            Snapshot = archived.Snapshot, Subtree = fixture.Source, TargetDirectory = fixture.Target, VerifyFirst = VerifyFirst.WhatDiffers,
            OnProgress = now => (files, bytes) = (Math.Max(files, now.Files), Math.Max(bytes, now.Bytes)),
        };

        Assert.Equal(new RestoreSize(1, Cut * Cuts), await restorer.CheckAsync(request, Cancellation));
        Assert.Equal((1, Cut * Cuts), (files, bytes));
        (files, bytes) = (0, 0);
        Assert.Equal(2 * Cut, (await restorer.RunAsync(request, Cancellation)).BytesWritten);
        Assert.Equal((1, Cut * Cuts), (files, bytes));
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    private static async Task<Repository.Archive.ArchiveResult> ArchiveRelationAsync(ArchiveFixture fixture)
    {
        File.WriteAllBytes($"{fixture.Source}/relation", TestRepositories.Content(1, Cuts * Cut));
        return await fixture.ArchiveAsync(source: new FixedCuts(new LocalFileSource([fixture.Source]), Cut));
    }

    private static void Overwrite(ArchiveFixture fixture, int cut)
    {
        using var file = File.OpenHandle($"{fixture.Target}/relation", FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(file, new byte[10], (long)cut * Cut);
    }

    private static byte[] Read(ArchiveFixture fixture, int offset, int length) => File.ReadAllBytes($"{fixture.Target}/relation")[offset..(offset + length)];

    /// <summary>Every kilobyte of the pack with data gets a wrong byte.</summary>
    private static void DamageData(ArchiveFixture fixture)
    {
        var pack = new DirectoryInfo($"{fixture.RepositoryPath}/data").EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.Length)!;
        File.SetUnixFileMode(pack.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var content = File.ReadAllBytes(pack.FullName);
        for (var at = 0; at < content.Length; at += 1024)
        {
            content[at] ^= 1;
        }

        File.WriteAllBytes(pack.FullName, content);
    }
}
