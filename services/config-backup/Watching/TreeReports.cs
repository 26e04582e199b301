using System.Runtime.CompilerServices;

namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>What watched trees hold, again and again: at the start, after changes, and after every <paramref name="interval"/> without any.</summary>
/// <param name="paths">Absolute paths.</param>
/// <param name="interval">Between full compares. They see what was not heard: on network file systems, or when the system's watches are used up.</param>
/// <param name="clock">Time.</param>
/// <param name="logger">Log.</param>
internal sealed class TreeReports(IReadOnlyList<string> paths, TimeSpan interval, TimeProvider clock, ILogger logger)
{
    /// <summary>Fingerprints. After changes only one that differs from the last.</summary>
    public async IAsyncEnumerable<string> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var gathering = new ChangeGathering(clock);
        using var watch = new TreeWatch(gathering.Changed, logger);
        var told = "";
        for (var changed = false; ; changed = await gathering.WaitAsync(interval, cancellationToken))
        {
            // First the watch and then the look: what changes after the look is heard.
            watch.Renew(paths);
            var fingerprint = await TreeFingerprint.OfAsync(paths, cancellationToken);
            if (!changed || fingerprint != told)
            {
                told = fingerprint;
                yield return fingerprint;
            }
        }
    }
}
