using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>
/// Brings WAL to a replay: the planned segments ahead of it, several at a time, into a directory that never holds more than a few of
/// them, and anything else when it is asked for. The server asks through <see cref="SpoolDirectory.RestoreCommand"/>.
/// </summary>
public sealed class SegmentSpool(WalReader reader, IReadOnlyList<WalName> planned, SpoolDirectory directory, long segmentSize)
{
    /// <summary>Segments that are kept behind the one that was asked for last: the server may ask again after a restart of its own.</summary>
    private const int Behind = 2;

    /// <summary>Most bytes ahead of the replay.</summary>
    private const long AheadBytes = 256 << 20;
    private const int Parallel = 3;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly Dictionary<string, int> _order = planned.Index().ToDictionary(one => one.Item.ToString(), one => one.Index, StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _next, _kept, _asked = -1;

    /// <summary>Why it ended early; null as long as it has not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Called with the count of planned segments that the replay has asked for, when it grows.</summary>
    public Action<int>? OnAsked { get; init; }

    private int Ahead => (int)Math.Clamp(AheadBytes / segmentSize, 1, 16);

    /// <summary>
    /// Serves until it is cancelled, or until it fails: <see cref="Failure"/> says why. The server, which waits for answers, is told, and ends its recovery; where
    /// even that fails, whoever started the server has to stop it.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var work = Enumerable.Range(0, Parallel).Select(_ => Task.Run(() => FetchAheadAsync(stop.Token), stop.Token)).Append(AnswerAsync(stop.Token)).ToList();
            var first = await Task.WhenAny(work).ConfigureAwait(false);
            while (first.IsCompletedSuccessfully && work.Count > 1)
            {
                work.Remove(first);
                first = await Task.WhenAny(work).ConfigureAwait(false);
            }

            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: a server that nobody answers any more would wait for days.
            Failure = failure;
            TellServer();
        }
        catch (OperationCanceledException)
        {
            // The replay has ended.
        }
    }

    private void TellServer()
    {
        try
        {
            directory.Fail();
        }
        catch (Exception unsaid) when (unsaid is IOException or UnauthorizedAccessException)
        {
            // The disk of the directory is full, or gone: that is why it failed, as a rule.
        }
    }

    private async Task FetchAheadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int index;
            lock (_gate)
            {
                index = _next < planned.Count && _next <= _asked + Ahead ? _next++ : _next < planned.Count ? -1 : planned.Count;
            }

            if (index == planned.Count)
            {
                return;
            }

            if (index < 0)
            {
                await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
                continue;
            }

            await ProvideAsync(planned[index].ToString(), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var name in directory.Asked())
            {
                await AnswerAsync(name, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(string name, CancellationToken cancellationToken)
    {
        if (_order.TryGetValue(name, out var index) && Advance(index))
        {
            return; // There, or on its way.
        }

        await ProvideAsync(name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False for a segment that was removed already.</summary>
    private bool Advance(int index)
    {
        lock (_gate)
        {
            if (index > _asked)
            {
                _asked = index;
                OnAsked?.Invoke(index + 1);
            }

            for (; _kept < _asked - Behind; _kept++)
            {
                directory.Remove(planned[_kept].ToString());
            }

            return index >= _kept;
        }
    }

    private async Task ProvideAsync(string name, CancellationToken cancellationToken)
    {
        if (directory.Holds(name))
        {
            return;
        }

        if (await reader.ReadAsync(name, cancellationToken).ConfigureAwait(false) is { } content)
        {
            directory.Put(name, content);
        }
        else if (_order.ContainsKey(name))
        {
            throw new WalException(WalFailure.NotFound, $"segment {name} was in the archive when the recovery was planned, and is not there now");
        }
        else
        {
            directory.PutNone(name);
        }
    }
}
