namespace StellaOps.Backup.Contracts;

/// <summary>Names of outcomes as users and metrics spell them.</summary>
public static class Outcomes
{
    public static string Name(this Outcome outcome) => outcome switch
    {
        Outcome.Complete => "complete",
        Outcome.Incomplete => "incomplete",
        Outcome.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null),
    };
}
