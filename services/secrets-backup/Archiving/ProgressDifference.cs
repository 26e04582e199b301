using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Archiving;

/// <summary>Turns totals that come from several threads, perhaps out of order, into what is added to the task's meter.</summary>
internal sealed class ProgressDifference(TaskProgressMeter meter)
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
