namespace StellaOps.Backup.EvidenceBackup.Lockers;

/// <summary>What is what in a locker (docs/evidence-locker.md).</summary>
internal static class LockerLayout
{
    public const string Index = "index.json";
    public const string Anchors = "anchors";

    /// <summary>The index as a directory, which some platforms write; it is no artifact, and not read.</summary>
    private const string IndexDirectory = "index";

    /// <summary>Names that begin with a dot are files in the making, also those of a restore that was killed.</summary>
    public static bool IsHidden(ReadOnlySpan<char> name) => name.StartsWith('.');

    /// <summary>True for what lies at the top of a locker and is not evidence itself.</summary>
    public static bool IsAside(ReadOnlySpan<char> name) => name is Index or Anchors or IndexDirectory;

    /// <summary>False for a path that no artifact can have, though an index may name it.</summary>
    public static bool IsArtifact(string path) => path.Split('/') is var names && !IsAside(names[0]) && !Array.Exists(names, name => IsHidden(name));

    /// <summary>The kind of an artifact is the folder that it lies in at the top: <c>attestations</c>, <c>sboms</c> ...</summary>
    public static string TypeOf(string path) => path.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? path[..slash] : "other";

    /// <summary>A path that an index or an anchor may name: in the locker, whatever who wrote it had in mind.</summary>
    public static bool IsInside(string path) =>
        path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) && path.Split('/').All(name => name is not ("" or "." or ".."));
}
