namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>Section <c>Database:Migrations</c> of docs/configuration.md. Commands are run by <c>/bin/sh -c</c> as the worker's account.</summary>
internal sealed class MigrationSettings
{
    /// <summary>Applies what the database lacks; exits 0 when it did.</summary>
    public string? Command { get; set; }

    /// <summary>
    /// Prints the migrations that the installed platform has, one a line: database, schema, name and, where there is one, checksum, separated by
    /// tabs. Null takes those of the newest recovery point.
    /// </summary>
    public string? ListCommand { get; set; }

    [System.ComponentModel.DataAnnotations.Range(1, 10080)]
    public int TimeoutMinutes { get; set; } = 60;
}
