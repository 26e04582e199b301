using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>Ctrl-C and termination end the watching, in order; one that comes later than a moment after ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    /// <summary>Shells and wrappers pass the same Ctrl-C on more than once; the way out has to be said before the process may be ended.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly IReadOnlyList<PosixSignalRegistration> _registrations;

    private long _first;

    public Interrupts() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
    ];

    public CancellationToken Token => _stopping.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stopping.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        var first = Interlocked.CompareExchange(ref _first, Stopwatch.GetTimestamp(), 0);
        context.Cancel = first == 0 || Stopwatch.GetElapsedTime(first) < Moment;
        _stopping.Cancel();
    }
}
