using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>
/// One row of random operations on two repositories, next to a model that knows which snapshot has which content. Any operation may
/// be hit by a fault at a random call of a store. Afterwards, always: each committed snapshot is listed and has its content, none is
/// listed that nobody made, and a check is clean.
/// </summary>
internal sealed class ModelRun(int seed, MemoryStore first, MemoryStore second)
{
    private const int Steps = 14, MostSnapshots = 8;

    /// <summary>Used before an operation starts, never in it: operations run at the same time.</summary>
    private readonly Random _random = new(seed);
    private readonly ModelRepository[] _repositories = [new(first), new(second)];
    private readonly HashSet<ModelRepository> _touched = [];
    private ModelTree _tree = ModelTree.Empty;
    private int _versions, _died;

    /// <summary>What was done so far, for the message of a failure.</summary>
    internal List<string> Story { get; } = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal async Task RunAsync()
    {
        foreach (var repository in _repositories)
        {
            await (await TestRepositories.InitAsync(repository.Store, Machine())).DisposeAsync();
        }

        for (var step = 0; step < Steps; step++)
        {
            _touched.Clear();
            await StepAsync(_repositories[_random.Next(4) / 3]);
            foreach (var repository in _touched)
            {
                await repository.CompareAsync(PasswordOf(repository), Machine());
            }
        }

        await EndAsync();
    }

    private Task StepAsync(ModelRepository on) => on.Committed.Count < 2 ? BackUpAsync(on, NextTree()) : _random.Next(on.Committed.Count < MostSnapshots ? 0 : 4, 14) switch
    {
        0 or 1 or 2 => BackUpAsync(on, NextTree()),
        3 => SeveralAsync(on),
        4 => ForgetAsync(on),
        5 => UndeleteAsync(on),
        6 or 7 => PruneAsync(on),
        8 => PruneBesideBackupAsync(on),
        9 or 10 => CopyAsync(on, _repositories.Single(other => other != on)),
        11 => RepairAsync(on, loseIndex: false),
        12 => RepairAsync(on, loseIndex: true),
        _ => AddPasswordAsync(on),
    };

    private Task BackUpAsync(ModelRepository on, ModelTree tree)
    {
        on.Expect(tree);
        return DoAsync("backup", on, async repository => on.Commit((await ModelWork.BackUpAsync(repository, tree)).Id, tree));
    }

    /// <summary>Backups that run at the same time, each in a process of its own; some of them die.</summary>
    private Task SeveralAsync(ModelRepository on) =>
        Task.WhenAll(Enumerable.Range(0, 2 + _random.Next(2)).Select(_ => NextTree()).ToList().Select(tree => BackUpAsync(on, tree)));

    private Task ForgetAsync(ModelRepository on)
    {
        BlobId[] forgotten = [.. on.Committed.Keys.Where(_ => _random.Next(2) == 0)];
        var grace = _random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromDays(30);
        on.Doom(forgotten, canComeBack: grace > TimeSpan.Zero);
        return DoAsync($"forget {forgotten.Length} for {grace.TotalDays} days", on, async repository =>
        {
            await repository.Forgotten.ForgetAsync(forgotten, grace, Cancellation);
            on.Drop(forgotten);
        });
    }

    /// <summary>What was forgotten with a grace always comes back, whatever prunes ran since.</summary>
    private Task UndeleteAsync(ModelRepository on)
    {
        var wanted = on.Forgotten.Where(found => !on.Committed.ContainsKey(found.Key) && _random.Next(2) == 0).ToList();
        return DoAsync($"undelete {wanted.Count}", on, async repository =>
        {
            foreach (var (id, tree) in wanted)
            {
                await repository.Forgotten.UndeleteAsync(id, Cancellation);
                on.Commit(id, tree);
            }
        });
    }

    private Task PruneAsync(ModelRepository on)
    {
        // An operation puts the clock ahead by half an hour: some graces end within the run.
        var options = new PruneOptions { MaxUnused = _random.Next(3) / 4.0, Grace = TimeSpan.FromHours(_random.Next(3)) };
        return DoAsync($"prune {options.MaxUnused}, {options.Grace.TotalHours} h", on, repository => repository.PruneAsync(options, Cancellation));
    }

    /// <summary>One of the two may give way to the other's lock.</summary>
    private Task PruneBesideBackupAsync(ModelRepository on) => Task.WhenAll(PruneAsync(on), BackUpAsync(on, NextTree()));

    private Task CopyAsync(ModelRepository from, ModelRepository to)
    {
        var chosen = from.Committed.Where(_ => _random.Next(2) == 0).ToDictionary();
        foreach (var tree in chosen.Values)
        {
            to.Expect(tree);
        }

        _touched.Add(to);
        var (password, machine) = (PasswordOf(to), Machine());
        var rule = RandomRule();
        return DoAsync($"copy {chosen.Count}", from, async source =>
        {
            // The fault of the operation is the source's; this one is of the target.
            await using var faulty = Faulty(to.Store, rule);
            try
            {
                await using var target = await ResticRepository.OpenAsync(faulty, password, machine, Cancellation);
                var report = await new RepositoryCopy(source, target).RunAsync(new CopyRequest { Snapshots = chosen.Keys }, Cancellation);
                Assert.Empty(report.Failed);
                foreach (var copied in report.Copied)
                {
                    to.Commit(copied.Target, chosen[copied.Source]);
                }

                Assert.All(report.Present, present => Assert.Equal(to.Committed[present.Target], chosen[present.Source]));
            }
            catch (Exception exception) when (faulty.Struck && exception is StorageException)
            {
                throw new CrashException(); // The whole process ends, whichever store it was.
            }
        });
    }

    /// <summary>Of a sound repository: nothing changes for its snapshots. Or of one that lost an index file: once more without a fault, and it is sound.</summary>
    private async Task RepairAsync(ModelRepository on, bool loseIndex)
    {
        var indexes = on.Store.Under("index/");
        if (loseIndex && indexes.Count > 0)
        {
            await on.Store.DeleteAsync(indexes[_random.Next(indexes.Count)], Cancellation);
        }

        var readAll = _random.Next(2) == 0;
        foreach (var rule in loseIndex ? (FaultRule?[])[RandomRule(), null] : [RandomRule()])
        {
            await (_random.Next(2) == 0
                ? DoAsync("repair index", on, repository => new IndexRepair(repository).RunAsync(readAll, cancellationToken: Cancellation), rule)
                : DoAsync("repair data", on, repository => new RepositoryRepair(repository).RunAsync(new RepairRequest(), Cancellation), rule));
        }
    }

    private Task AddPasswordAsync(ModelRepository on)
    {
        var password = $"password {on.Passwords.Count}";
        return DoAsync("add password", on, async repository =>
        {
            await repository.Keys.AddAsync(password, Cancellation);
            on.Passwords.Add(password);
        });
    }

    /// <summary>Runs an operation as a process of its own; often with a fault somewhere in it.</summary>
    private Task DoAsync(string name, ModelRepository on, Func<ResticRepository, Task> work) => DoAsync(name, on, work, RandomRule());

    private async Task DoAsync(string name, ModelRepository on, Func<ResticRepository, Task> work, FaultRule? rule)
    {
        _touched.Add(on);
        var (password, machine) = (PasswordOf(on), Machine());
        await using var faulty = Faulty(on.Store, rule);
        var outcome = "done";
        try
        {
            await using var repository = await ResticRepository.OpenAsync(faulty, password, machine, Cancellation);
            await work(repository);
        }
        catch (CrashException)
        {
            outcome = $"died, {faulty.Hit}";
        }
        catch (StorageException) when (faulty.Struck)
        {
            outcome = $"{rule!.Fault} at {faulty.Hit}";
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Locked)
        {
            outcome = "locked";
        }

        lock (Story)
        {
            Story.Add($"{(on == _repositories[0] ? 1 : 2)} {name}: {outcome}");
            _died++;
        }
    }

    /// <summary>Without faults everything works again, and nothing is left over.</summary>
    private async Task EndAsync()
    {
        foreach (var on in _repositories)
        {
            var tree = NextTree();
            await using (var repository = await ResticRepository.OpenAsync(on.Store, PasswordOf(on), Machine(), Cancellation))
            {
                on.Commit((await ModelWork.BackUpAsync(repository, tree)).Id, tree);
                await repository.PruneAsync(new PruneOptions { MaxUnused = 0, Grace = TimeSpan.Zero, DropForgotten = true }, Cancellation);
            }

            await on.CompareAsync(PasswordOf(on), Machine());
            await on.VerifyAsync(PasswordOf(on), Machine());
        }
    }

    /// <summary>Half of the operations go well, half of the others die.</summary>
    private FaultRule? RandomRule()
    {
        var fault = _random.Next(8) switch { 0 => Fault.Fail, 1 => Fault.LoseAnswer, 2 => Fault.Crash, 3 => Fault.CrashAfter, _ => (Fault?)null };
        return fault is { } chosen ? new FaultRule(chosen) { At = 1 + _random.Next(40) } : null;
    }

    private static FaultyStore Faulty(MemoryStore store, FaultRule? rule) => rule is null ? new FaultyStore(store) : new FaultyStore(store, rule);

    private ModelTree NextTree()
    {
        // Some backups are of an older tree, as after a restore.
        var older = _repositories[0].Committed.Values;
        var from = _random.Next(6) == 0 && older.Any() ? older.ElementAt(_random.Next(older.Count())) : _tree;
        return _tree = from.Changed(_random, _random.Next(8), ++_versions);
    }

    private string PasswordOf(ModelRepository repository) => repository.Passwords[_random.Next(repository.Passwords.Count)];

    private RepositoryOptions Machine() => ModelWork.Machine($"machine {_random.Next(2)}", _died);
}
