namespace StellaOps.Backup.Workers.Files;

/// <summary>Tells files from FIFOs, sockets and devices, which .NET does not: who opens a FIFO waits until somebody writes into it.</summary>
public static class RegularFile
{
    /// <summary>False also for what is not there and, unless links are followed, for a link, whatever it leads to.</summary>
    public static bool Is(string path, bool followLinks = false) => PathStatus.TryRead(path, followLinks, out var status) && status.IsRegularFile;
}
