using System.Security.Cryptography;

namespace StellaOps.Backup.Testing.Machine;

/// <summary>A directory of its own under the system's temporary directory, removed with all its content at the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private const string Memory = "/dev/shm";

    /// <summary>Bytes: more than what several tests keep there at a time. A container has 64 MB unless told otherwise.</summary>
    private const long LeastMemory = 1L << 30;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates it; the name starts with <paramref name="prefix"/>. Short, because a socket's path has at most 107 bytes.</summary>
    public TemporaryDirectory(string prefix = "stella-") => Path = Directory.CreateTempSubdirectory(prefix).FullName;

    private TemporaryDirectory(DirectoryInfo made) => Path = made.FullName;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Absolute path of something inside.</summary>
    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>One in memory, where there is room: a flush costs nothing there, and flushes nothing that others write.</summary>
    public static TemporaryDirectory InMemory(string prefix = "stella-") =>
        Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > LeastMemory
            ? new TemporaryDirectory(Directory.CreateDirectory($"{Memory}/{prefix}{RandomNumberGenerator.GetHexString(12, lowercase: true)}", OwnerOnly))
            : new TemporaryDirectory(prefix);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
