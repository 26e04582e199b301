using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Progress;

/// <summary>Measures phases one after the other and shows them in the task's progress.</summary>
internal sealed class PhaseClock(TaskProgressMeter meter, TimeProvider clock)
{
    /// <summary>Name of the phase in which a restore makes sure of what it needs.</summary>
    public const string Verify = "verify";

    private readonly List<PhaseTime> _phases = [];

    public IReadOnlyList<PhaseTime> Phases => _phases;

    /// <param name="phase">Its name.</param>
    /// <param name="work">What it does.</param>
    /// <param name="files">Files that it has to do, where that is known before.</param>
    /// <param name="bytes">Bytes likewise.</param>
    /// <param name="through">Bytes that it went through, where only the result tells; null when it read none.</param>
    public async Task<T> RunAsync<T>(string phase, Func<Task<T>> work, long? files = null, long? bytes = null, Func<T, long?>? through = null)
    {
        meter.Begin(phase, files, bytes);
        var started = clock.GetTimestamp();
        var result = await work();
        _phases.Add(new PhaseTime(phase, clock.GetElapsedTime(started)) { Bytes = through?.Invoke(result) ?? bytes });
        return result;
    }
}
