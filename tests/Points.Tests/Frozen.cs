namespace StellaOps.Backup.Points.Tests;

/// <summary>Files as a released version wrote them. They are never rewritten: a change that breaks them breaks users' points.</summary>
internal static class Frozen
{
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "frozen", name);
}
