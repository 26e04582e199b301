using System.Runtime.CompilerServices;

namespace StellaOps.Backup.Contracts.Tests;

/// <summary>Files of the repository that say what the code must say. <c>UPDATE_GOLDEN=1</c> writes them anew: look at the difference before you keep it.</summary>
internal static class Golden
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    public static void Match(string path, string actual)
    {
        var file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, actual);
        }

        Assert.True(File.Exists(file), $"{path} does not exist; UPDATE_GOLDEN=1 writes it");
        Assert.Equal(File.ReadAllText(file), actual);
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
