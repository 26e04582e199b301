namespace StellaOps.Backup.Workers.Files;

/// <summary>Tells files from FIFOs, sockets and devices, which .NET does not: who opens a FIFO waits until somebody writes into it.</summary>
public static class RegularFile
{
    /// <summary>False also for what is not there, and for a link, whatever it leads to.</summary>
    public static bool Is(string path) => PathStatus.TryRead(path, follow: false, out var status) && status.IsRegularFile;
}
