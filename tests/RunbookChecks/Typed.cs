namespace StellaOps.Backup.RunbookChecks;

/// <summary>What a command wrote.</summary>
/// <param name="Output">Standard output; on a terminal everything.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Typed(string Output, string Error)
{
    public string All => $"{Output}\n{Error}";
}
