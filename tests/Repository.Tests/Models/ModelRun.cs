using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>
/// One row of random operations on a repository, next to a model that knows which snapshot has which content. Any operation may be
/// hit by a fault at a random call of the store. Afterwards, always: each committed snapshot is listed and has its content, none is
/// listed that nobody made, and a check is clean.
/// </summary>
internal sealed class ModelRun(int seed, MemoryStore store)
{
    private const int Steps = 14, MostSnapshots = 8;

    /// <summary>Used before an operation starts, never in it: operations run at the same time.</summary>
    private readonly Random _random = new(seed);
    private readonly List<string> _passwords = [TestRepositories.Password];
    private readonly Dictionary<BlobId, ModelTree> _committed = [];

    /// <summary>Trees of backups that did not answer: their snapshots may be there.</summary>
    private readonly List<ModelTree> _unanswered = [];

    /// <summary>Snapshots of a forget that did not answer: they may be gone.</summary>
    private readonly HashSet<BlobId> _doomed = [];
    private ModelTree _tree = ModelTree.Empty;
    private int _versions, _died;

    /// <summary>What was done so far, for the message of a failure.</summary>
    internal List<string> Story { get; } = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal async Task RunAsync()
    {
        await using (await TestRepositories.InitAsync(store, Options()))
        {
        }

        for (var step = 0; step < Steps; step++)
        {
            await StepAsync();
            await using var repository = await OpenAsync();
            Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
            await CompareAsync(repository);
        }

        await EndAsync();
    }

    private Task StepAsync() => _committed.Count < 2 ? BackUpAsync(NextTree()) : _random.Next(_committed.Count < MostSnapshots ? 0 : 4, 10) switch
    {
        0 or 1 or 2 => BackUpAsync(NextTree()),
        3 => SeveralAsync(),
        4 or 5 => ForgetAsync(),
        6 or 7 => PruneAsync(),
        8 => PruneBesideBackupAsync(),
        _ => AddPasswordAsync(),
    };

    private Task BackUpAsync(ModelTree tree)
    {
        _unanswered.Add(tree);
        return DoAsync("backup", async repository =>
        {
            var snapshot = await ModelWork.BackUpAsync(repository, tree);
            lock (_committed)
            {
                _committed.Add(snapshot.Id, tree);
                _unanswered.Remove(tree);
            }
        });
    }

    /// <summary>Backups that run at the same time, each in a process of its own; some of them die.</summary>
    private Task SeveralAsync() => Task.WhenAll(Enumerable.Range(0, 2 + _random.Next(2)).Select(_ => NextTree()).ToList().Select(BackUpAsync));

    private Task ForgetAsync()
    {
        BlobId[] forgotten = [.. _committed.Keys.Where(_ => _random.Next(2) == 0)];
        _doomed.UnionWith(forgotten);
        return DoAsync($"forget {forgotten.Length}", async repository =>
        {
            await repository.ForgetAsync(forgotten, Cancellation);
            foreach (var id in forgotten)
            {
                _committed.Remove(id);
                _doomed.Remove(id);
            }
        });
    }

    private Task PruneAsync()
    {
        var options = new PruneOptions { MaxUnused = _random.Next(3) / 4.0 };
        return DoAsync($"prune {options.MaxUnused}", repository => repository.PruneAsync(options, Cancellation));
    }

    /// <summary>One of the two may give way to the other's lock.</summary>
    private Task PruneBesideBackupAsync() => Task.WhenAll(PruneAsync(), BackUpAsync(NextTree()));

    private Task AddPasswordAsync()
    {
        var password = $"password {_passwords.Count}";
        return DoAsync("add password", async repository =>
        {
            await repository.Keys.AddAsync(password, Cancellation);
            _passwords.Add(password);
        });
    }

    /// <summary>Runs an operation as a process of its own; often with a fault somewhere in it.</summary>
    private async Task DoAsync(string name, Func<ResticRepository, Task> work)
    {
        var (password, options) = (Password(), Options());
        var rule = _random.Next(2) == 0 ? null : new FaultRule((Fault)_random.Next((int)Fault.LoseAnswer + 1)) { At = 1 + _random.Next(40) };
        rule = rule is not null && _random.Next(2) == 0 ? rule with { Fault = Fault.Crash } : rule;
        await using var faulty = rule is null ? new FaultyStore(store) : new FaultyStore(store, rule);
        var outcome = "done";
        try
        {
            await using var repository = await ResticRepository.OpenAsync(faulty, password, options, Cancellation);
            await work(repository);
        }
        catch (Exception exception) when (faulty.Struck && exception is StorageException or CrashException)
        {
            outcome = $"{rule!.Fault} at {faulty.Hit}";
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Locked)
        {
            outcome = "locked";
        }

        lock (Story)
        {
            Story.Add($"{name}: {outcome}");
            _died += rule is null ? 0 : 1;
        }
    }

    private async Task CompareAsync(ResticRepository repository)
    {
        var listed = await repository.ListSnapshotsAsync(Cancellation).ToDictionaryAsync(snapshot => snapshot.Id, cancellationToken: Cancellation);
        Assert.Empty(_committed.Keys.Except(listed.Keys).Except(_doomed));
        foreach (var id in _doomed.Where(id => !listed.ContainsKey(id)))
        {
            _committed.Remove(id);
        }

        await repository.LoadIndexAsync(Cancellation);
        foreach (var snapshot in listed.Values)
        {
            var held = await ModelTree.ReadAsync(repository, snapshot, Cancellation);
            if (!_committed.TryGetValue(snapshot.Id, out var expected))
            {
                Assert.True(_unanswered.Remove(held), "a snapshot has a content that nobody saved");
                _committed[snapshot.Id] = held;
            }
            else
            {
                Assert.Equal(expected, held);
            }
        }

        // Every process has ended: what did not happen until now never will.
        _unanswered.Clear();
        _doomed.Clear();
    }

    /// <summary>Without faults everything works again, and nothing is left over.</summary>
    private async Task EndAsync()
    {
        _died++;
        var last = NextTree();
        await using var repository = await OpenAsync();
        var snapshot = await ModelWork.BackUpAsync(repository, last);
        _committed.Add(snapshot.Id, last);
        await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);
        var report = await repository.VerifyAsync(new VerifyRequest(), Cancellation);
        Assert.Empty(report.Damages);
        Assert.Equal(0, report.UnindexedPacks);
        await CompareAsync(repository);
        Assert.Empty(store.Under("locks/"));
    }

    private ModelTree NextTree()
    {
        // Some backups are of an older tree, as after a restore.
        var from = _random.Next(6) == 0 && _committed.Count > 0 ? _committed.Values.ElementAt(_random.Next(_committed.Count)) : _tree;
        return _tree = from.Changed(_random, _random.Next(8), ++_versions);
    }

    private Task<ResticRepository> OpenAsync() => ResticRepository.OpenAsync(store, Password(), Options(), Cancellation);

    private string Password() => _passwords[_random.Next(_passwords.Count)];

    private RepositoryOptions Options() => ModelWork.Machine($"machine {_random.Next(2)}", _died);
}
