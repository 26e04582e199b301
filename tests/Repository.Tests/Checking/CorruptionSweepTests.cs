using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Checking;

/// <summary>
/// Every object of a repository, harmed in every way: a verify names it, or it is one of the harmless classes of docs/repository-format.md and
/// everything still comes back. Whatever is restored is right or refused, and nothing else is ever thrown. What was named is healed from a second
/// location: some of it, all with <c>STELLA_TEST_REPAIR_ALL=1</c>. <c>STELLA_TEST_EVERY_BYTE=1</c> flips a bit of every single byte.
/// </summary>
public sealed class CorruptionSweepTests
{
    private const string OtherPassword = "battery staple";

    /// <summary>Much more than any case takes: one that hangs fails.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly Dictionary<string, byte[]> Contents = new(StringComparer.Ordinal)
    {
        ["first/a"] = TestRepositories.Content(1, 9_000), ["first/b"] = TestRepositories.Content(2, 20_000),
        ["gone/a"] = TestRepositories.Content(5, 20_000), ["forgotten/a"] = TestRepositories.Content(2, 20_000),
        ["second/a"] = TestRepositories.Content(1, 9_000), ["second/b"] = TestRepositories.Content(4, 30_000),
    };

    [Fact]
    public async Task Each_damage_is_named_or_harmless_and_nothing_wrong_is_ever_restored()
    {
        var (store, snapshots) = await CreateAsync();
        var secondary = await CopyAsync(store);
        var repairEach = Environment.GetEnvironmentVariable("STELLA_TEST_REPAIR_ALL") == "1" ? 1 : 9;
        var (named, healed) = (0, 0);
        var everyByte = Environment.GetEnvironmentVariable("STELLA_TEST_EVERY_BYTE") == "1";
        var failures = new List<string>();
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var corruption in Corruption.Of(store, everyByte))
        {
            var harmed = store.Copy();
            corruption.Apply(harmed);
            string outcome;
            try
            {
                outcome = await JudgeAsync(harmed, snapshots, corruption).WaitAsync(Patience, TestContext.Current.CancellationToken);
                if (outcome.StartsWith("named", StringComparison.Ordinal) && named++ % repairEach == 0)
                {
                    await HealAsync(harmed, secondary, snapshots, corruption).WaitAsync(Patience, TestContext.Current.CancellationToken);
                    healed++;
                }
            }
            catch (Exception exception)
            {
                outcome = $"failed: {exception.GetType().Name}: {exception.Message}";
            }

            counts[$"{Corruption.KindOf(corruption.Object)}: {outcome.Split(':')[0]}"] = counts.GetValueOrDefault($"{Corruption.KindOf(corruption.Object)}: {outcome.Split(':')[0]}") + 1;
            if (outcome.StartsWith("failed", StringComparison.Ordinal))
            {
                failures.Add($"{corruption}: {outcome}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{named} named, {healed} of these healed from a second location");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', counts.Select(count => $"{count.Key} {count.Value}")));
        Assert.True(failures.Count == 0, $"{failures.Count} of {counts.Values.Sum()}:\n{string.Join('\n', failures.Take(40))}");
        Assert.InRange(counts.Values.Sum(), 250, int.MaxValue);
    }

    /// <summary>What came of a harmed repository: <c>refused</c>, <c>named</c>, <c>harmless</c> or <c>failed</c>.</summary>
    private static async Task<string> JudgeAsync(MemoryStore store, IReadOnlyList<Snapshot> snapshots, Corruption corruption)
    {
        var cancellation = TestContext.Current.CancellationToken;
        ResticRepository repository;
        try
        {
            repository = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap, cancellation);
        }
        catch (RepositoryException refused)
        {
            return await JudgeRefusalAsync(store, refused, corruption);
        }

        await using (repository)
        {
            var report = await repository.VerifyAsync(new VerifyRequest { Snapshots = null }, cancellation);
            var asked = await repository.VerifyAsync(new VerifyRequest { Snapshots = [.. snapshots.Select(snapshot => snapshot.Id)] }, cancellation);
            var restored = await RestoreAllAsync(repository, snapshots);
            var isNamed = report.Damages.Any(damage => corruption.Named.Contains(damage.Object)) || asked.Damages.Any(damage => corruption.Named.Contains(damage.Object));
            var isLostIndex = corruption is { What: "missing" } && Corruption.KindOf(corruption.Object) == "index"
                && report.Damages.Count > 0 && report.Damages.All(damage => damage.Kind == DamageKind.NotIndexed);
            return isNamed ? "named"
                : isLostIndex ? "named: by the packs that it named"
                : report.Damages.Count > 0 ? $"failed: something else is named: {string.Join("; ", report.Damages.Select(damage => $"{damage.Object}: {damage.Detail}"))}"
                : await JudgeForgottenAsync(store, repository, corruption) is { } wrong ? wrong
                : !restored ? "failed: not all can be restored, and nothing is named"
                : IsHarmless(corruption) || IsUnneeded(repository, corruption) ? "harmless"
                : "failed: nothing is named, and this is not among the harmless classes";
        }
    }

    /// <summary>Whatever was done to a record or a mark: what comes back is what was forgotten, and a prune a day later harms no snapshot.</summary>
    private static async Task<string?> JudgeForgottenAsync(MemoryStore store, ResticRepository repository, Corruption corruption)
    {
        var cancellation = TestContext.Current.CancellationToken;
        if (!Corruption.KindOf(corruption.Object).StartsWith("stella/", StringComparison.Ordinal) || corruption.Named.Any(key => !key.StartsWith("stella/", StringComparison.Ordinal)))
        {
            return null;
        }

        Unlock(store);
        foreach (var found in await repository.Forgotten.ListAsync(cancellation).ToListAsync(cancellation))
        {
            try
            {
                var back = await repository.Forgotten.UndeleteAsync(found.Id, cancellation);
                if (found.Damage is not null || back.Tree != found.Snapshot!.Tree || back.Hostname != "forgotten")
                {
                    return "failed: a wrong snapshot came back";
                }
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged && found.Damage is not null)
            {
            }
        }

        var clock = new Locks.SteppedClock();
        clock.Step(TimeSpan.FromHours(25));
        await using var later = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap with { Clock = clock }, cancellation);
        await later.PruneAsync(new PruneOptions { MaxUnused = 0 }, cancellation);
        return (await later.VerifyAsync(new VerifyRequest(), cancellation)).Damages is [var damage, ..] ? $"failed: a prune did harm: {damage.Object}: {damage.Detail}" : null;
    }

    /// <summary>From a second location everything comes back, under the ids that points name, and verify is clean.</summary>
    private static async Task HealAsync(MemoryStore store, ResticRepository secondary, IReadOnlyList<Snapshot> snapshots, Corruption corruption)
    {
        var cancellation = TestContext.Current.CancellationToken;
        Unlock(store);
        await using var repository = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap, cancellation);
        var request = new RepairRequest { Sources = [secondary], WantedSnapshots = [.. snapshots.Select(snapshot => snapshot.Id)], Password = TestRepositories.Password };
        var report = await new RepositoryRepair(repository).RunAsync(request, cancellation);

        // A copy leaves out what was forgotten: what only that needs is named.
        var forgotten = await repository.Forgotten.ListAsync(cancellation).Select(found => found.Id).ToHashSetAsync(cancellationToken: cancellation);
        Assert.All(report.Lost, lost => Assert.Subset(forgotten, lost.Snapshots.ToHashSet()));
        var damages = (await repository.VerifyAsync(new VerifyRequest(), cancellation)).Damages;

        // A snapshot that nobody has under its name stays, named: a human removes it.
        var isNoSnapshot = corruption.What.StartsWith("copied", StringComparison.Ordinal) && Corruption.KindOf(corruption.Object) == "snapshots";
        Assert.True(damages.Count == (isNoSnapshot ? 1 : 0), $"after the repair: {string.Join("; ", damages.Select(damage => $"{damage.Object}: {damage.Detail}"))}");
        Assert.True(await RestoreAllAsync(repository, snapshots), "not everything came back");
    }

    /// <summary>All of it, in another repository with another key.</summary>
    private static async Task<ResticRepository> CopyAsync(MemoryStore store)
    {
        await using var source = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap, TestContext.Current.CancellationToken);
        var secondary = await TestRepositories.InitAsync(new MemoryStore());
        await Copying.CopyTests.CopyAsync(source, secondary);
        await secondary.LoadIndexAsync(TestContext.Current.CancellationToken);
        return secondary;
    }

    private static void Unlock(MemoryStore store) => Pruning.PruneTests.Unlocked(store);

    /// <summary>A pack that waits for its deletion: no index file names it, and no snapshot needs it.</summary>
    private static bool IsUnneeded(ResticRepository repository, Corruption corruption) =>
        Corruption.KindOf(corruption.Object) == "data" && corruption.Named.All(key => RepositoryFile.TryParse(FileKind.Pack, key, out var pack) && !repository.Index.ContainsPack(pack));

    /// <summary>A damaged config shuts everybody out, a damaged key file those who have its password.</summary>
    private static async Task<string> JudgeRefusalAsync(MemoryStore store, RepositoryException refused, Corruption corruption)
    {
        var isOfConfig = corruption.Named.Contains("config");
        var isOfKey = corruption.Named.Any(key => Corruption.KindOf(key) == "keys");
        if ((!isOfConfig && !isOfKey) || refused.Failure is not (RepositoryFailure.Damaged or RepositoryFailure.WrongPassword or RepositoryFailure.Unsupported))
        {
            return $"failed: refused with {refused.Failure}: {refused.Message}";
        }

        if (isOfConfig)
        {
            return refused.Message.Contains("config", StringComparison.Ordinal) || isOfKey ? "refused" : $"failed: refused without naming the config: {refused.Message}";
        }

        if (corruption.What.StartsWith("exchanged", StringComparison.Ordinal) && corruption.Named.All(key => Corruption.KindOf(key) == "keys"))
        {
            return "refused";
        }

        await using var repository = await ResticRepository.OpenAsync(store, OtherPassword, TestRepositories.Cheap, TestContext.Current.CancellationToken);
        return corruption.What == "missing" || (await repository.CheckAsync(TestContext.Current.CancellationToken)).Damages.Any(damage => corruption.Named.Contains(damage.Object))
            ? "refused"
            : "failed: refused, and not named to the one who has another password";
    }

    /// <summary>The list in docs/repository-format.md, "Damage that harms nothing".</summary>
    private static bool IsHarmless(Corruption corruption) => Corruption.KindOf(corruption.Object) switch
    {
        "locks" => true,
        var kind when kind.StartsWith("stella", StringComparison.Ordinal) => true,
        "data" or "config" => corruption.What.StartsWith("copied", StringComparison.Ordinal),
        "keys" => corruption.What == "missing",
        "index" => corruption.What == "missing", // Everything was restored: it named nothing that a snapshot needs.
        _ => false,
    };

    /// <returns>False when something could not be read.</returns>
    private static async Task<bool> RestoreAllAsync(ResticRepository repository, IReadOnlyList<Snapshot> snapshots)
    {
        var all = true;
        try
        {
            await repository.LoadIndexAsync(TestContext.Current.CancellationToken);
        }
        catch (RepositoryException)
        {
            return false;
        }

        foreach (var known in snapshots)
        {
            try
            {
                var snapshot = await repository.ResolveSnapshotAsync(known.Id, TestContext.Current.CancellationToken);
                Assert.Equal(known.Tree, snapshot.Tree);
                all &= await RestoreAsync(repository, snapshot);
            }
            catch (RepositoryException exception) when (exception.Failure is RepositoryFailure.Damaged or RepositoryFailure.SnapshotNotFound)
            {
                all = false;
            }
        }

        return all;
    }

    /// <summary>Restores; every file that is there afterwards has to be the one that was saved, whole.</summary>
    private static async Task<bool> RestoreAsync(ResticRepository repository, Snapshot snapshot)
    {
        using var target = TemporaryDirectory.InMemory("stella-sweep-");
        var all = true;
        try
        {
            var request = new RestoreRequest { Snapshot = snapshot, TargetDirectory = target["files"], Owners = OwnerMap.Fixed(Libc.EffectiveUserId(), 0) };
            await new Restorer(repository).RunAsync(request, TestContext.Current.CancellationToken);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            all = false;
        }

        foreach (var (name, content) in Contents.Where(file => file.Key.StartsWith(snapshot.Hostname!, StringComparison.Ordinal)))
        {
            var path = target["files", Path.GetFileName(name)];
            if (File.Exists(path))
            {
                Assert.Equal(content, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            }
            else
            {
                Assert.False(all, $"{name} was not restored, and nobody said so");
            }
        }

        return all;
    }

    /// <summary>Two snapshots, two passwords, a lock of someone else, and what a verify remembers.</summary>
    private static async Task<(MemoryStore Store, IReadOnlyList<Snapshot> Snapshots)> CreateAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store, TestRepositories.Cheap with { PackTarget = 16 << 10 });
        await repository.Keys.AddAsync(OtherPassword, cancellation);
        var snapshots = new List<Snapshot> { await SaveAsync(repository, "first"), await SaveAsync(repository, "second") };
        var gone = await SaveAsync(repository, "gone");
        await repository.Forgotten.ForgetAsync([gone.Id], TimeSpan.Zero, cancellation);
        await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, cancellation);
        var forgotten = await SaveAsync(repository, "forgotten");
        await repository.Forgotten.ForgetAsync([forgotten.Id], TimeSpan.FromDays(7), cancellation);
        Assert.Single(store.Under("stella/pending/"));
        Assert.Single(store.Under("stella/forgotten/"));
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest { Remember = true }, cancellation)).Damages);
        var elsewhere = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap with { Hostname = "elsewhere" }, cancellation);
        await using (elsewhere)
        {
            // The lock is copied before its holder gives it back.
            await using var held = await elsewhere.LockAsync(LockKind.Shared, cancellation);
            return (store.Copy(), snapshots);
        }
    }

    private static async Task<Snapshot> SaveAsync(ResticRepository repository, string host)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var writer = repository.CreateWriter();
        var nodes = new List<Node>();
        foreach (var (name, content) in Contents.Where(file => file.Key.StartsWith(host, StringComparison.Ordinal)).OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            nodes.Add(new Node
            {
                Name = new EntryName(name[(host.Length + 1)..]),
                Type = NodeType.File,
                Metadata = new NodeMetadata { Permissions = 0x1a4, Modified = default },
                Size = content.Length,
                Content = [await writer.SaveAsync(BlobType.Data, content, cancellation)],
            });
        }

        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        TreeCodec.Encode(nodes, buffer);
        var tree = await writer.SaveAsync(BlobType.Tree, buffer.WrittenMemory, cancellation);
        await writer.FlushAsync(cancellation);
        var snapshot = new Snapshot { Time = repository.Options.Clock.GetUtcNow(), Tree = tree, Paths = ["/"], Hostname = host };
        return snapshot with { Id = await repository.SaveSnapshotAsync(snapshot, cancellation) };
    }
}
