using System.Runtime.InteropServices;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>Ctrl-C and termination end the watching, in order; a second one ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly IReadOnlyList<PosixSignalRegistration> registrations;

    public Interrupts() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
    ];

    public CancellationToken Token => stopping.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        stopping.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !stopping.IsCancellationRequested;
        stopping.Cancel();
    }
}
