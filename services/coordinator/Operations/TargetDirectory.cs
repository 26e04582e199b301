using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>Directories on the workers' hosts that a request names.</summary>
internal static class TargetDirectory
{
    /// <exception cref="BackupException">It is not absolute: only the worker's host knows what it would be relative to.</exception>
    public static void Check(string? target)
    {
        if (target is not null && (!target.StartsWith('/') || target.Contains('\0', StringComparison.Ordinal)))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"the target '{target}' is not an absolute path", "Name a directory on the workers' host, like /srv/restored.");
        }
    }

    /// <summary>The component's folder below the target; one for each cluster where there are several.</summary>
    public static string? For(string? target, Part part, IReadOnlyList<Part> all) =>
        target is null ? null
        : all.Count(other => other.Component == part.Component) > 1 ? $"{target.TrimEnd('/')}/{part.Component.Name()}/{part.Cluster}"
        : $"{target.TrimEnd('/')}/{part.Component.Name()}";
}
