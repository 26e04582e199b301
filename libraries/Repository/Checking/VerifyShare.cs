namespace StellaOps.Backup.Repository.Checking;

/// <summary>
/// A part of the data for one run of a rotating verify: packs that were never read first, then those whose last read is oldest. Run once a day
/// with <c>Fraction = 1.0 / days</c> and <c>NotReadFor = days</c>, nothing stays unread for longer than that many days, however fast the
/// repository grows, and the work of each day stays even.
/// </summary>
public sealed record VerifyShare
{
    /// <summary>At least this part of the stored bytes is read; 0 to 1.</summary>
    public double Fraction { get; init; }

    /// <summary>Whatever was not read within this time is read, too; null sets no limit.</summary>
    public TimeSpan? NotReadFor { get; init; }
}
