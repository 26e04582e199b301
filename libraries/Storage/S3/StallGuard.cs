namespace StellaOps.Backup.Storage.S3;

/// <summary>
/// Ends a request in which nothing moved for a while. A limit on the whole request would end slow uploads that go well.
/// </summary>
internal sealed class StallGuard : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;

    internal StallGuard(TimeSpan limit, CancellationToken caller)
    {
        (_limit, _caller) = (limit, caller);
        _source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _source.CancelAfter(limit);
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>True when the guard ended the request, and not its caller.</summary>
    internal bool Stalled => _source.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>Something moved: the time starts anew.</summary>
    internal void Moved() => _source.CancelAfter(_limit);

    public void Dispose() => _source.Dispose();
}
