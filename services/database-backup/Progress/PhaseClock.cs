using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Progress;

/// <summary>Measures phases one after the other and shows them in the task's progress.</summary>
internal sealed class PhaseClock(TaskProgressMeter meter, TimeProvider clock)
{
    private readonly List<PhaseTime> _phases = [];

    public IReadOnlyList<PhaseTime> Phases => _phases;

    public async Task<T> RunAsync<T>(string phase, Func<Task<T>> work, long? files = null, long? bytes = null)
    {
        meter.Begin(phase, files, bytes);
        var started = clock.GetTimestamp();
        var result = await work();
        _phases.Add(new PhaseTime(phase, clock.GetElapsedTime(started)));
        return result;
    }
}
