using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>Which failures of a task are tried again without a human, and when.</summary>
internal static class Retries
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Unclaimed = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Retryable in the error table says that the same request may succeed later. A full storage, a conflict, a passed
    /// deadline and a source that was down from the start need somebody first.
    /// </summary>
    public static bool MayHelp(ErrorInfo error)
    {
        var row = ErrorCodes.Find(error.Code);
        return row.Retryable && row != ErrorCodes.StorageFull && row != ErrorCodes.OperationConflict
            && row != ErrorCodes.DeadlinePassed && row != ErrorCodes.SourceDown;
    }

    /// <summary>2, 6, 18, 54 seconds ... A worker that was stopped has a successor at once.</summary>
    public static TimeSpan Delay(ErrorInfo error, int failures) => error.Code == ErrorCodes.WorkerLost.Code
        ? TimeSpan.Zero
        : FirstDelay * Math.Pow(3, Math.Min(failures, 6) - 1);

    /// <summary>
    /// After how long a command that nobody claimed is sent again: 1, 2, 4, 8 minutes ... A lost message is the exception; the
    /// rule is that all workers are busy, and copies of commands would only fill their queue.
    /// </summary>
    public static TimeSpan UnclaimedPatience(int dispatches) => Unclaimed * Math.Pow(2, Math.Min(dispatches, 5) - 1);

    /// <summary>The longest that a command waits to be sent, for whatever reason: no <see cref="Delay"/> is longer.</summary>
    public static TimeSpan LongestPatience => UnclaimedPatience(int.MaxValue);
}
