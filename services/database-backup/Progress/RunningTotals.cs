using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Progress;

/// <summary>Turns totals, told from any thread and not always in order, into steps of the task's meter.</summary>
internal sealed class RunningTotals(TaskProgressMeter meter)
{
    private readonly Lock _gate = new();
    private long _files, _bytes;

    public void Report(long files, long bytes)
    {
        lock (_gate)
        {
            meter.Add(files - _files, bytes - _bytes);
            (_files, _bytes) = (files, bytes);
        }
    }
}
