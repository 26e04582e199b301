using System.Reflection;

namespace StellaOps.Backup.Cli;

/// <summary>Version of this program, without the build's revision.</summary>
internal static class ProductVersion
{
    public static string Text { get; } = typeof(ProductVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
