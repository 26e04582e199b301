using Microsoft.Extensions.Configuration;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Hosting.Settings;

internal static class ConfigurationSources
{
    private const string FileVariable = "STELLA_CONFIG";
    private const string Prefix = "STELLAOPS_BACKUP__";

    /// <summary>Levels that any source may change.</summary>
    private static readonly Dictionary<string, string?> LogLevels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting"] = "Warning",
        // No cookie and no form is protected here: its keys may be gone with the process.
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "Critical",
        ["Logging:LogLevel:MassTransit"] = "Error",
        ["Logging:LogLevel:Yarp"] = "Warning",
    };

    /// <summary>The three sources of docs/configuration.md, later ones winning, in place of the framework's own.</summary>
    public static void UseServiceSources(this ConfigurationManager configuration)
    {
        configuration.Sources.Clear();
        configuration.AddInMemoryCollection(LogLevels);
        configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true, reloadOnChange: false);
        var files = Environment.GetEnvironmentVariable(FileVariable) ?? "";
        foreach (var file in files.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            AddSharedFile(configuration, Path.GetFullPath(file));
        }

        configuration.AddEnvironmentVariables(Prefix);
    }

    private static void AddSharedFile(ConfigurationManager configuration, string file)
    {
        try
        {
            configuration.AddJsonFile(file, optional: false, reloadOnChange: false);
            KnownSections.Check(file);
        }
        catch (FileNotFoundException e)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the configuration file {file} does not exist", $"Correct {FileVariable}, or create the file.", e);
        }
        catch (InvalidDataException e)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the configuration file {file} is not valid JSON: {e.InnerException?.Message ?? e.Message}",
                "Correct the file.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the configuration file {file} cannot be read", "Make it readable for the account of the service.", e);
        }
    }
}
