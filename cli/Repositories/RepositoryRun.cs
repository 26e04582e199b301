using System.CommandLine;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>One run of a command on a repository. What it opened is closed with it.</summary>
internal sealed class RepositoryRun(Session session, ParseResult parsed, RepositoryFlags flags, TimeSpan lockWait) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _opened = new();

    public Session Session => session;

    public ParseResult Parsed => parsed;

    /// <summary>How far the work is, on standard error or in lines of JSON.</summary>
    public WorkProgress Progress => field ??= Keep(new WorkProgress(session));

    public T? Value<T>(Option<T> option) => parsed.GetValue(option);

    public T Value<T>(Argument<T> argument) => parsed.GetRequiredValue(argument);

    /// <summary>Opens the repository that the options name.</summary>
    public Task<ResticRepository> OpenAsync(CancellationToken cancellationToken) => OpenAsync(flags, cancellationToken);

    /// <summary>Opens the repository with its index.</summary>
    public async Task<ResticRepository> OpenWithIndexAsync(CancellationToken cancellationToken)
    {
        var repository = await OpenAsync(cancellationToken);
        await repository.LoadIndexAsync(cancellationToken);
        return repository;
    }

    /// <summary>Opens a repository that other options name.</summary>
    public async Task<ResticRepository> OpenAsync(RepositoryFlags other, CancellationToken cancellationToken)
    {
        var password = other.ReadPassword(parsed);
        var store = await other.OpenStoreAsync(parsed, create: false, _opened.Push, cancellationToken);
        return Keep(await ResticRepository.OpenAsync(store, password, Options(store), cancellationToken));
    }

    /// <summary>Creates the repository that the options name.</summary>
    public async Task<ResticRepository> InitAsync(CancellationToken cancellationToken)
    {
        var password = flags.ReadPassword(parsed);
        var store = await flags.OpenStoreAsync(parsed, create: true, _opened.Push, cancellationToken);
        return Keep(await ResticRepository.InitAsync(store, password, Options(store), cancellationToken));
    }

    /// <summary>
    /// Holds a shared lock while the command runs, so that no prune takes away what it reads. A store that cannot be written cannot be
    /// pruned from here either, and is read without.
    /// </summary>
    public async Task LockForReadingAsync(ResticRepository repository, bool without, CancellationToken cancellationToken)
    {
        if (without)
        {
            return;
        }

        try
        {
            Keep(await repository.LockAsync(LockKind.Shared, cancellationToken));
        }
        catch (StorageException e) when (e.Failure == StorageFailure.PermissionDenied)
        {
            session.Remark($"reading without a lock: {e.Message}");
        }
    }

    /// <summary>The last opened is closed first: locks before their repository, that before its store.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_opened.TryPop(out var opened))
        {
            await opened.DisposeAsync();
        }
    }

    private RepositoryOptions Options(IObjectStore store) => new()
    {
        Clock = session.Clock,
        LockWait = lockWait,
        CacheDirectory = store.Description.StartsWith('/') ? null : RepositoryOptions.UsualCacheDirectory, // A local store needs none.
        OnCacheFailure = session.Remark,
    };

    private T Keep<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Push(opened);
        return opened;
    }
}
