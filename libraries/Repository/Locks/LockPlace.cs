using System.Security.Cryptography;
using System.Text;

namespace StellaOps.Backup.Repository.Locks;

/// <summary>
/// Where a process runs, as a member of our lock files that restic skips. The name of a host does not tell: containers in a host's network share it, machines may have the
/// same, and in each of them there is a process of the same number.
/// </summary>
internal sealed record LockPlace
{
    /// <summary>A start of a machine.</summary>
    public string? Boot { get; init; }

    /// <summary>The pid namespace, in which the number of a process says which one it is.</summary>
    public string? Processes { get; init; }

    /// <summary>The writable layer of a container, which stays when it is started again; null outside of one.</summary>
    public string? Layer { get; init; }

    /// <summary>That of this process; what the system does not tell is null.</summary>
    internal static LockPlace Own { get; } = new()
    {
        Boot = Read(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()),
        Processes = Read(() => new FileInfo("/proc/self/ns/pid").LinkTarget),
        Layer = Read(() => LayerIn(File.ReadAllLines("/proc/self/mountinfo"))),
    };

    /// <summary>From the last mount over <c>/</c> (proc(5)), if that is an overlay with a writable layer. Hashed: where it lies is nobody's business.</summary>
    internal static string? LayerIn(IEnumerable<string> mounts)
    {
        const string upper = "upperdir=";
        var root = mounts.Select(line => line.Split(' ')).LastOrDefault(fields => fields.Length > 9 && fields[4] == "/");
        var layer = root?[^1].Split(',').FirstOrDefault(option => option.StartsWith(upper, StringComparison.Ordinal));
        return layer is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(layer)).AsSpan(0, 16));
    }

    private static string? Read(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
