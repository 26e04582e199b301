using System.Text.Json;
using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Settings;

/// <summary>The user's file: <c>$XDG_CONFIG_HOME/stella/config.json</c>, by default <c>~/.config/stella/config.json</c>.</summary>
internal sealed class ConfigFile
{
    public string? Server { get; set; }

    /// <summary>File with the token. The token itself has no place here: this file gets copied and shown around.</summary>
    public string? TokenFile { get; set; }

    public string? Format { get; set; }

    public static string Path { get; } = System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } home
            ? home
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
        "stella",
        "config.json");

    /// <summary>Reads the file; one that does not exist is an empty one.</summary>
    public static ConfigFile Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path), ConfigFileContext.Default.ConfigFile) ?? new ConfigFile();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ConfigFile();
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"the configuration file {Path} cannot be read: {e.Message}",
                """Make it JSON such as {"server":"https://stella.example:8443","tokenFile":"/home/me/.stella-token"}, or remove it.""",
                e);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConfigFile))]
internal sealed partial class ConfigFileContext : JsonSerializerContext;
