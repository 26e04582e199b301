using System.Runtime.ExceptionServices;

namespace StellaOps.Backup.Repository;

/// <summary>Stages of a pipeline that run at the same time: the first failure ends all, and is the one that is thrown.</summary>
internal static class ParallelStages
{
    public static async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> stages, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? first = null;
        await Task.WhenAll(stages.Select(stage => Task.Run(() => GuardAsync(stage), CancellationToken.None))).ConfigureAwait(false);
        first?.Throw();

        async Task GuardAsync(Func<CancellationToken, Task> stage)
        {
            try
            {
                await stage(stop.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Thrown again as soon as the other stages have ended.
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(e), null);
                await stop.CancelAsync().ConfigureAwait(false);
            }
#pragma warning restore CA1031
        }
    }
}
