namespace StellaOps.Backup.Postgres.Checks;

/// <summary>What a check of a database found.</summary>
/// <param name="Checked">Things that were looked at.</param>
/// <param name="Problems">What contradicts the integrity of the database, one a line.</param>
/// <param name="Remarks">What is to be known and contradicts nothing, one a line.</param>
public sealed record CheckFindings(long Checked, IReadOnlyList<string> Problems, IReadOnlyList<string> Remarks);
