using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Protection;

/// <summary>What pins and legal holds mean for a point.</summary>
internal static class ProtectedPoint
{
    public static bool IsProtected(this PointRow point) => point.Pin is not null || point.Holds.Count > 0;

    /// <summary>Why it stays, one phrase each.</summary>
    public static IEnumerable<string> Reasons(PointPin? pin, IReadOnlyList<LegalHold> holds) =>
    [
        .. holds.Select(hold => $"on legal hold: {hold.Reason}"),
        .. pin is null ? Array.Empty<string>() : [pin.Reason is { } reason ? $"pinned: {reason}" : "pinned"],
    ];

    /// <exception cref="BackupException"><c>refused.held</c> or <c>refused.pinned</c>.</exception>
    public static void RequireUnprotected(this PointRow point)
    {
        if (point.Holds is [var hold, ..])
        {
            throw new BackupException(
                ErrorCodes.PointHeld,
                $"recovery point '{point.Name}' is on legal hold since {hold.At:u}, by {hold.By}: {string.Join(", ", point.Holds.Select(one => one.Reason))}",
                $"Nothing drops it until two people have released it: stella backup release --name {point.Name}");
        }

        if (point.Pin is { } pin)
        {
            throw new BackupException(
                ErrorCodes.PointPinned,
                $"recovery point '{point.Name}' is pinned since {pin.At:u}, by {pin.By}{(pin.Reason is { } reason ? $": {reason}" : "")}",
                $"If it may go: stella backup unpin --name {point.Name}");
        }
    }
}
