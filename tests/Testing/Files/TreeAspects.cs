namespace StellaOps.Backup.Testing.Files;

/// <summary>What two trees are compared by; names, types, contents and link targets always are.</summary>
[Flags]
public enum TreeAspects
{
    None = 0,
    Permissions = 1,
    Owners = 2,

    /// <summary>Times of modification, to the nanosecond, of everything but directories.</summary>
    Times = 4,
    DirectoryTimes = 8,
    ExtendedAttributes = 16,

    /// <summary>Which names are the same file.</summary>
    HardLinks = 32,
    All = Permissions | Owners | Times | DirectoryTimes | ExtendedAttributes | HardLinks,
}
