namespace StellaOps.Backup.Workers.Scratch;

/// <summary>
/// A lock on a file beside what a process works on: it says that the process is alive. FileShare.None is an flock on Linux, which the kernel
/// drops with the process.
/// </summary>
public static class ProcessLock
{
    /// <summary>Takes the lock; the file is made where it is missing.</summary>
    /// <exception cref="IOException">Somebody else has it.</exception>
    public static FileStream Hold(string file) => new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Takes the lock that a process left which is gone; null where it is alive and has it.</summary>
    /// <exception cref="UnauthorizedAccessException">The file is another account's.</exception>
    public static FileStream? HoldIfAbandoned(string file)
    {
        try
        {
            return Hold(file);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
