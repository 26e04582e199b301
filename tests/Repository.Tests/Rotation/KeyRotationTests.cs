using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Rotation;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Rotation;

public sealed class KeyRotationTests
{
    private const string Old = TestRepositories.Password, New = "battery staple", Component = "evidence";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_is_under_a_new_key_and_the_old_password_opens_nothing_of_it()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        var rounds = new List<int>();
        var report = await RotateAsync(location, request => request with { OnProgress = progress => rounds.Add(progress.Round) });

        Assert.Equal((2, "evidence.2", "evidence", 3, false), (report.Epoch, report.Folder, report.OldFolder, report.Snapshots, report.WasInCharge));
        Assert.Equal(2, await LocationEpochs.FindAsync(location, Component, Cancellation));
        Assert.Contains("\"version\":2", System.Text.Encoding.UTF8.GetString(location["location.json"]), StringComparison.Ordinal);
        Assert.All(rounds, round => Assert.Equal(1, round));
        var refused = await Assert.ThrowsAsync<RepositoryException>(() => OpenAsync(location, 2, Old));
        Assert.Equal(RepositoryFailure.WrongPassword, refused.Failure);
        await using var old = await OpenAsync(location, 1, Old);
        await using var next = await OpenAsync(location, 2, New);
        Assert.NotEqual(old.Id, next.Id);
        Assert.NotEqual(old.ChunkerPolynomial, next.ChunkerPolynomial);
        Assert.Empty((await next.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        foreach (var snapshot in snapshots)
        {
            Assert.Equal(snapshot.Tree, (await next.ResolveSnapshotAsync(snapshot.Id, Cancellation)).Tree);
            Assert.Equal(snapshot.Id, (await old.LoadSnapshotAsync(snapshot.Id, Cancellation)).Id); // Still readable.
        }
    }

    [Fact]
    public async Task It_can_be_done_again_and_points_of_the_first_epoch_are_still_found()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await RotateAsync(location);
        var report = await RotateAsync(location, _ => new RotationRequest { Password = New, NewPassword = "third" });
        Assert.Equal((3, "evidence.3"), (report.Epoch, report.Folder));
        await using var third = await OpenAsync(location, 3, "third");
        Assert.Equal(snapshots[0].Tree, (await third.ResolveSnapshotAsync(snapshots[0].Id, Cancellation)).Tree);
    }

    [Fact]
    public async Task What_another_program_still_saved_into_the_old_epoch_comes_over_with_the_next_run()
    {
        var location = new MemoryStore();
        await FillAsync(location);
        await RotateAsync(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await TestRepositories.BackUpAsync(old, [TestRepositories.Content(77, 1_000)]);
        }

        var report = await RotateAsync(location);
        Assert.Equal((2, 4, true), (report.Epoch, report.Snapshots, report.WasInCharge));
    }

    [Fact]
    public async Task What_was_forgotten_between_two_rounds_does_not_come_back()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await Assert.ThrowsAsync<CrashException>(() => RotateAsync(
            new FaultyStore(location, new FaultRule(Fault.Crash) { Matches = call => call.IsChange && call.Key.StartsWith("epochs/", StringComparison.Ordinal) })));
        Unlock(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await old.Forgotten.ForgetAsync([snapshots[1].Id], TimeSpan.Zero, Cancellation);
        }

        Assert.Equal(2, (await RotateAsync(location)).Snapshots);
    }

    [Fact]
    public async Task What_was_forgotten_can_be_brought_back_in_the_new_epoch_for_the_rest_of_its_grace()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await old.Forgotten.ForgetAsync([snapshots[0].Id, snapshots[2].Id], TimeSpan.FromDays(7), Cancellation);
            await old.Forgotten.ForgetAsync([snapshots[1].Id], TimeSpan.FromDays(7), Cancellation);
            await old.Forgotten.UndeleteAsync(snapshots[1].Id, Cancellation);
        }

        Assert.Equal((1, 2), await RotateAsync(location) is var report ? (report.Snapshots, report.Forgotten) : default);
        await using var next = await OpenAsync(location, 2, New);
        await next.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);
        var carried = await next.Forgotten.ListAsync(Cancellation).SingleAsync(found => found.Snapshot!.Original == snapshots[2].Id, Cancellation);
        Assert.Equal(TimeSpan.FromDays(7), carried.ExpiresAt - carried.ForgottenAt);
        await next.Forgotten.UndeleteAsync(carried.Id, Cancellation);
        Assert.Equal(snapshots[2].Tree, (await next.ResolveSnapshotAsync(snapshots[2].Id, Cancellation)).Tree);
        Assert.Empty((await next.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    [Fact]
    public async Task What_was_forgotten_or_brought_back_between_two_rounds_is_not_both_in_the_new_epoch()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await old.Forgotten.ForgetAsync([snapshots[0].Id], TimeSpan.FromDays(7), Cancellation);
        }

        await Assert.ThrowsAsync<CrashException>(() => RotateAsync(
            new FaultyStore(location, new FaultRule(Fault.Crash) { Matches = call => call.IsChange && call.Key.StartsWith("epochs/", StringComparison.Ordinal) })));
        Unlock(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await old.Forgotten.UndeleteAsync(snapshots[0].Id, Cancellation);
            await old.Forgotten.ForgetAsync([snapshots[1].Id], TimeSpan.FromDays(7), Cancellation);
        }

        Assert.Equal((2, 1), await RotateAsync(location) is var report ? (report.Snapshots, report.Forgotten) : default);
        await using var next = await OpenAsync(location, 2, New);
        Assert.Equal(snapshots[1].Id, (await next.Forgotten.ListAsync(Cancellation).SingleAsync(Cancellation)).Snapshot!.Original);
    }

    [Fact]
    public async Task A_forgotten_snapshot_whose_data_is_gone_holds_up_no_rotation_and_is_named()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await using (var old = await OpenAsync(location, 1, Old))
        {
            await old.Forgotten.ForgetAsync([snapshots[2].Id], TimeSpan.FromDays(7), Cancellation);
            var gone = old.Blobs.Find(BlobType.Tree, snapshots[2].Tree)!.Value.Pack.ToString();
            await location.DeleteAsync($"evidence/data/{gone[..2]}/{gone}", Cancellation);
        }

        var report = await RotateAsync(location);
        Assert.Equal((2, 0), (report.Snapshots, report.Forgotten));
        Assert.StartsWith(snapshots[2].Id.ToString(), Assert.Single(report.ForgottenLost), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_forgotten_in_the_new_epoch_does_not_come_back_from_the_old_one()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await RotateAsync(location);
        await using (var next = await OpenAsync(location, 2, New))
        {
            await next.Forgotten.ForgetAsync([(await next.ResolveSnapshotAsync(snapshots[0].Id, Cancellation)).Id], TimeSpan.FromDays(7), Cancellation);
        }

        Assert.Equal((2, 1), await RotateAsync(location) is var report ? (report.Snapshots, report.Forgotten) : default);
        await RemoveAsync(location, TimeSpan.Zero);
        await using var last = await OpenAsync(location, 2, New);
        Assert.Equal(2, await last.ListSnapshotsAsync(Cancellation).CountAsync(Cancellation));
    }

    [Fact]
    public async Task A_running_backup_is_waited_for_and_keeps_the_old_epoch_in_charge()
    {
        var location = new MemoryStore();
        await FillAsync(location);
        await using var old = await OpenAsync(location, 1, Old);
        await using var held = await old.LockAsync(LockKind.Shared, Cancellation);
        var locked = await Assert.ThrowsAsync<RepositoryException>(() => RotateAsync(location));
        Assert.Equal(RepositoryFailure.Locked, locked.Failure);
        Assert.Equal(1, await LocationEpochs.FindAsync(location, Component, Cancellation));
    }

    [Fact]
    public async Task Damage_in_the_old_epoch_keeps_it_in_charge()
    {
        var location = new MemoryStore();
        await FillAsync(location);
        location[location.Under("evidence/data/")[0]][50] ^= 1;
        var damaged = await Assert.ThrowsAsync<RepositoryException>(() => RotateAsync(location));
        Assert.Equal(RepositoryFailure.Damaged, damaged.Failure);
        Assert.Equal(1, await LocationEpochs.FindAsync(location, Component, Cancellation));
    }

    [Fact]
    public async Task A_password_that_would_read_both_epochs_is_refused()
    {
        var location = new MemoryStore();
        await FillAsync(location);
        var equal = await Assert.ThrowsAsync<RepositoryException>(() => RotateAsync(location, request => request with { NewPassword = Old }));
        Assert.Equal(RepositoryFailure.Refused, equal.Failure);
        await (await TestRepositories.InitAsync(new PrefixStore(location, "evidence.2"))).DisposeAsync();
        var opens = await Assert.ThrowsAsync<RepositoryException>(() => RotateAsync(location));
        Assert.Equal(RepositoryFailure.Refused, opens.Failure);
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    [InlineData(Fault.Fail)]
    public async Task After_a_fault_at_any_change_one_epoch_is_in_charge_and_whole_and_the_next_run_finishes(Fault fault)
    {
        var template = new MemoryStore();
        await FillAsync(template);
        var inCharge = new int[3];
        var struck = true;
        for (var at = 1; struck; at++)
        {
            var location = template.Copy();
            struck = await FaultyAsync(location, fault, at, RotateAsync);
            var epoch = await LocationEpochs.FindAsync(location, Component, Cancellation);
            inCharge[epoch]++;
            await AssertWholeAsync(location, epoch);

            Unlock(location);
            Assert.Equal((2, 3), await RotateAsync(location) is var report ? (report.Epoch, report.Snapshots) : default);
            await AssertWholeAsync(location, 2);
        }

        Assert.True(inCharge[1] > 10 && inCharge[2] > 1, $"{inCharge[1]} and {inCharge[2]}");
        TestContext.Current.SendDiagnosticMessage($"rotation, {fault}: {inCharge.Sum()} runs, old in charge after {inCharge[1]}, new after {inCharge[2]}");
    }

    [Fact]
    public async Task The_old_epoch_goes_when_the_grace_is_over_and_after_a_crash_at_any_change()
    {
        var template = new MemoryStore();
        await FillAsync(template);
        Assert.Null(await RemoveAsync(template, TimeSpan.Zero));
        await RotateAsync(template);
        var early = await Assert.ThrowsAsync<RepositoryException>(() => RemoveAsync(template, TimeSpan.FromDays(1)));
        Assert.Equal(RepositoryFailure.Refused, early.Failure);
        Assert.Equal(["evidence"], await new OldEpochs(template, Component, TestRepositories.Cheap).ListAsync(Cancellation));

        var struck = true;
        for (var at = 1; struck; at++)
        {
            var location = template.Copy();
            struck = await FaultyAsync(location, Fault.CrashAfter, at, store => RemoveAsync(store, TimeSpan.Zero));
            Unlock(location);
            await RemoveAsync(location, TimeSpan.Zero);
            Assert.Empty(location.Under("evidence/"));
            await AssertWholeAsync(location, 2);
        }
    }

    [Fact]
    public async Task Of_several_old_epochs_each_goes_with_its_own_password()
    {
        var location = new MemoryStore();
        var snapshots = await FillAsync(location);
        await RotateAsync(location);
        await RotateAsync(location, _ => new RotationRequest { Password = New, NewPassword = "third" });
        var epochs = new OldEpochs(location, Component, TestRepositories.Cheap);
        Assert.Equal(["evidence", "evidence.2"], await epochs.ListAsync(Cancellation));

        Assert.Equal("evidence.2", await epochs.RemoveAsync("third", New, TimeSpan.Zero, Cancellation));
        Assert.Equal("evidence", await epochs.RemoveAsync("third", Old, TimeSpan.Zero, Cancellation));
        Assert.Null(await epochs.RemoveAsync("third", Old, TimeSpan.Zero, Cancellation));

        Assert.Empty(await epochs.ListAsync(Cancellation));
        Assert.Empty(location.Under("evidence/").Concat(location.Under("evidence.2/")));
        await using var third = await OpenAsync(location, 3, "third");
        Assert.Empty((await third.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        Assert.Equal(snapshots.Count, await third.ListSnapshotsAsync(Cancellation).CountAsync(Cancellation));
    }

    private static async Task<List<Snapshot>> FillAsync(MemoryStore location)
    {
        await LocationFile.EnsureAsync(location, Cancellation);
        await using var repository = await TestRepositories.InitAsync(new PrefixStore(location, Component));
        var snapshots = new List<Snapshot>();
        for (var i = 0; i < 3; i++)
        {
            snapshots.Add(await TestRepositories.BackUpAsync(repository, [.. Enumerable.Range(0, 2 * (i + 1)).Select(j => TestRepositories.Content(2 * j + 1, 9_000))]));
        }

        return snapshots;
    }

    private static Task<RotationReport> RotateAsync(IObjectStore location) => RotateAsync(location, request => request);

    private static Task<RotationReport> RotateAsync(IObjectStore location, Func<RotationRequest, RotationRequest> change) =>
        new KeyRotation(location, Component, TestRepositories.Cheap).RunAsync(change(new RotationRequest { Password = Old, NewPassword = New }), Cancellation);

    private static Task<string?> RemoveAsync(IObjectStore location, TimeSpan grace) =>
        new OldEpochs(location, Component, TestRepositories.Cheap).RemoveAsync(New, Old, grace, Cancellation);

    private static async Task<bool> FaultyAsync(MemoryStore location, Fault fault, int at, Func<IObjectStore, Task> act)
    {
        await using var faulty = new FaultyStore(location, fault, at);
        try
        {
            await act(faulty);
        }
        catch (Exception exception) when (exception is CrashException or StorageException or RepositoryException)
        {
        }

        return faulty.Struck;
    }

    private static async Task AssertWholeAsync(MemoryStore location, int epoch)
    {
        await using var repository = await OpenAsync(location, epoch, epoch == 1 ? Old : New);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        Assert.Equal(3, await repository.ListSnapshotsAsync(Cancellation).CountAsync(Cancellation));
    }

    private static async Task<ResticRepository> OpenAsync(MemoryStore location, int epoch, string password)
    {
        var repository = await ResticRepository.OpenAsync(new PrefixStore(location, LocationEpochs.Folder(Component, epoch)), password, TestRepositories.Cheap, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        return repository;
    }

    /// <summary>As half an hour later.</summary>
    private static void Unlock(MemoryStore location)
    {
        foreach (var key in location.Keys.Where(key => key.Contains("/locks/", StringComparison.Ordinal)).ToList())
        {
            location.DeleteAsync(key).AsTask().Wait();
        }
    }
}
