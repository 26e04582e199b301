using Microsoft.Extensions.Configuration;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>
/// Sections that the shared file may have. A misspelt one would otherwise be passed over in silence, and what it names would
/// never be backed up.
/// </summary>
internal static class KnownSections
{
    private static readonly string[] Names =
    [
        "Location", "Secondary", "Broker", "Telemetry", "Listen", "Auth", "Logging", "Kestrel", "AllowedHosts",
        "Coordinator", "Schedules", "ServiceControl", "Gateway", "Worker", "Database", "Evidence", "Config", "Secrets", "Keys",
    ];

    /// <exception cref="BackupException">The file has a section that no service reads.</exception>
    public static void Check(string file)
    {
        var unknown = new ConfigurationBuilder().AddJsonFile(file, optional: false).Build().GetChildren()
            .Select(section => section.Key)
            .Where(key => !Names.Contains(key, StringComparer.OrdinalIgnoreCase))
            .ToList();
        if (unknown.Count > 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured,
                $"the configuration file {file} has a section that no service knows: {string.Join(", ", unknown)}",
                $"Correct it; known are {string.Join(", ", Names)}.");
        }
    }
}
