namespace StellaOps.Backup.Testing.Machine;

/// <summary>A directory of its own under the system's temporary directory, removed with all its content at the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Creates it; the name starts with <paramref name="prefix"/>. Short, because a socket's path has at most 107 bytes.</summary>
    public TemporaryDirectory(string prefix = "stella-") => Path = Directory.CreateTempSubdirectory(prefix).FullName;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Absolute path of something inside.</summary>
    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
