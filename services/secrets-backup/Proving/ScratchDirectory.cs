using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>
/// A directory of mode 0700 for decrypted copies, gone when it is disposed. A lock on a file beside it says that its process is
/// alive: what a killed one left behind is removed by the next that looks, never what another is working on.
/// </summary>
internal sealed class ScratchDirectory : IDisposable
{
    private const string LockSuffix = ".lock";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private ScratchDirectory(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    public static ScratchDirectory Create(string parent, Component component, Guid taskId)
    {
        Directory.CreateDirectory(parent, OwnerOnly);
        RemoveAbandoned(parent, component);
        var path = System.IO.Path.Combine(parent, $"{Prefix(component)}{taskId:N}");
        var held = Hold(path + LockSuffix);
        Directory.CreateDirectory(path, OwnerOnly);
        return new ScratchDirectory(path, held);
    }

    /// <summary>Removes what processes that are gone have left behind.</summary>
    public static void RemoveAbandoned(string parent, Component component)
    {
        if (!Directory.Exists(parent))
        {
            return;
        }

        foreach (var lockFile in Directory.GetFiles(parent, Prefix(component) + "*" + LockSuffix))
        {
            try
            {
                using var held = Hold(lockFile);
                Remove(lockFile[..^LockSuffix.Length]);
                File.Delete(lockFile);
            }
            catch (IOException)
            {
                // Its process is alive.
            }
        }
    }

    public void Dispose()
    {
        Remove(Path);
        File.Delete(Path + LockSuffix);
        _lock.Dispose();
    }

    private static string Prefix(Component component) => $"{component.Name()}-test-";

    private static FileStream Hold(string lockFile) => new(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private static void Remove(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        // Restored directories may deny even their owner to change them. Links are not followed.
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint, RecurseSubdirectories = false };
        var open = new Stack<string>([directory]);
        while (open.TryPop(out var next))
        {
            File.SetUnixFileMode(next, OwnerOnly);
            foreach (var below in Directory.EnumerateDirectories(next, "*", options))
            {
                open.Push(below);
            }
        }

        Directory.Delete(directory, recursive: true);
    }
}
