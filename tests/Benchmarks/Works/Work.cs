using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Works;

/// <summary>One line of the table: a figure of ours against that of a peer.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Data">Data set that it is measured on.</param>
/// <param name="Step">What is done.</param>
/// <param name="Figure">What is compared.</param>
/// <param name="Peer">With whom; null for a limit in bytes.</param>
/// <param name="Target">Most that ours may be: times the peer's, or bytes.</param>
internal sealed record Work(string Name, DataSet Data, Step Step, Figure Figure, string? Peer, double Target);

internal enum DataSet { Evidence, SmallFiles }

/// <summary>Steps of a run, in their order. A step needs the backups before it.</summary>
internal enum Step { FirstBackup, NoChange, Changed, Verify, Restore }

internal enum Figure { Wall, Memory, Size }

/// <summary>One measured step.</summary>
/// <param name="Cost">Time and memory.</param>
/// <param name="RepositoryBytes">Size of the repository after it.</param>
internal sealed record Sample(Measurement Cost, long RepositoryBytes)
{
    public double Of(Figure figure) => figure switch
    {
        Figure.Wall => Cost.WallSeconds,
        Figure.Memory => Cost.PeakBytes,
        _ => RepositoryBytes,
    };
}
