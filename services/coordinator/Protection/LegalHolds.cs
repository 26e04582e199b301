using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Hosting.Security;

namespace StellaOps.Backup.Coordinator.Protection;

/// <summary>
/// The legal holds of a point, and how they end. Pure functions. One person may set a hold; two have to release it, the second within <see cref="Patience"/>
/// of the first. What the second one does counts only for the hold that the first one meant.
/// </summary>
internal static class LegalHolds
{
    /// <summary>How long a release waits for the second person.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(72);

    /// <summary>With one more hold; of a reason that is there already, that hold again, its release no longer asked for.</summary>
    public static IReadOnlyList<LegalHold> Set(IReadOnlyList<LegalHold> holds, string reason, string who, DateTimeOffset now) => holds.Any(hold => hold.Reason == reason)
        ? [.. holds.Select(hold => hold.Reason == reason ? hold with { Release = null } : hold)]
        : [.. holds, new LegalHold { Reason = reason, By = who, At = now }];

    /// <summary>One half of a release.</summary>
    /// <param name="holds">Those of the point.</param>
    /// <param name="reason">Which is meant; null where there is one.</param>
    /// <param name="who">Who releases.</param>
    /// <param name="why">In the words of who releases; null when nothing was said.</param>
    /// <param name="now">When.</param>
    /// <returns>The holds from now on: without the hold when this was the second half.</returns>
    /// <exception cref="BackupException">There is no such hold; or the same person asked for its release before; or the caller is no person.</exception>
    public static IReadOnlyList<LegalHold> Release(IReadOnlyList<LegalHold> holds, string? reason, string who, string? why, DateTimeOffset now)
    {
        if (who == AuthSettings.BootstrapSubject)
        {
            throw new BackupException(ErrorCodes.NotAllowed, "the bootstrap key names nobody, and a legal hold is released by two people", "Use tokens of their own.");
        }

        var hold = Find(holds, reason);
        if (hold.Release is { } asked && now < asked.Until)
        {
            return asked.By != who
                ? [.. holds.Where(other => other != hold)]
                : throw new BackupException(
                    ErrorCodes.SecondPerson, $"{who} asked for the release of the legal hold '{hold.Reason}' before, at {asked.At:u}; somebody else has to release it, too, until {asked.Until:u}");
        }

        var release = new HoldRelease { By = who, At = now, Until = now + Patience, Reason = why };
        return [.. holds.Select(other => other == hold ? hold with { Release = release } : other)];
    }

    private static LegalHold Find(IReadOnlyList<LegalHold> holds, string? reason) => (holds, reason) switch
    {
        ([], _) => throw new BackupException(ErrorCodes.HoldNotFound, "the recovery point is not on legal hold"),
        ([var only], null) => only,
        (_, null) => throw new BackupException(
            ErrorCodes.InvalidInput, $"the recovery point is on several legal holds: {Names(holds)}", "Say which is meant: --hold REASON."),
        _ => holds.FirstOrDefault(hold => hold.Reason == reason)
            ?? throw new BackupException(ErrorCodes.HoldNotFound, $"the recovery point is not on legal hold '{reason}', but on {Names(holds)}"),
    };

    private static string Names(IReadOnlyList<LegalHold> holds) => string.Join(", ", holds.Select(hold => $"'{hold.Reason}'"));
}
