using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>What happens to a platform before somebody opens the runbook.</summary>
internal static class Accidents
{
    public static async Task EverywhereAsync(Platform platform, CancellationToken cancellationToken)
    {
        await DatabaseAsync(platform, cancellationToken);
        Evidence(platform);
        await ConfigAsync(platform, cancellationToken);
        File.Delete(Files(platform, "secrets")[0]);
        File.Delete(Files(platform, "keys")[0]);
    }

    /// <summary>A table is gone with all that hangs on it, another is changed, and there is one that nobody knows.</summary>
    public static Task DatabaseAsync(Platform platform, CancellationToken cancellationToken) => platform.SqlAsync(
        """
        CREATE TABLE public.stray (id int);
        DROP TABLE evidence_locker.evidence_artifacts CASCADE;
        UPDATE authority.schema_migrations SET applied_by = 'vandal';
        """, cancellationToken);

    /// <summary>A third of the artifacts is gone.</summary>
    public static void Evidence(Platform platform)
    {
        foreach (var file in Files(platform, "evidence").Where((_, index) => index % 3 == 0))
        {
            File.Delete(file);
        }
    }

    /// <summary>One file is edited, and readable for everybody.</summary>
    public static async Task ConfigAsync(Platform platform, CancellationToken cancellationToken)
    {
        var file = Files(platform, "config")[0];
        await File.AppendAllTextAsync(file, "\nedited: true\n", cancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
    }

    /// <summary>The file that an accident of a component hits first.</summary>
    private static string[] Files(Platform platform, string component) =>
        [.. Directory.GetFiles(platform.DirectoryOf(component), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
