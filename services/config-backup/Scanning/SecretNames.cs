namespace StellaOps.Backup.ConfigBackup.Scanning;

/// <summary>What names of secrets have in them, as a part of regular expressions that ignore case.</summary>
internal static class SecretNames
{
    /// <summary><c>pass</c> only as a word of its own: <c>SMTP_PASS</c>, and not <c>bypass</c>.</summary>
    public const string Usual =
        "password|passwd|passphrase|pwd|secret|token|(?:api|access|account|private|signing|encryption|master|shared|storage)[_-]?key|credential"
        + "|requirepass|masterauth|(?:bind|root)pw|(?<![a-z])pass(?![a-z])";

    /// <summary>With what may also be the name of a setting.</summary>
    public const string All = Usual + "|authorization";
}
