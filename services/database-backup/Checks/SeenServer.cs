namespace StellaOps.Backup.DatabaseBackup.Checks;

/// <summary>Which server answers under the worker's connection settings. Written by the check of the connection, read by announcements.</summary>
internal sealed class SeenServer
{
    private ulong _systemIdentifier;

    /// <summary>0 while none has answered yet; that of the last one while it does not.</summary>
    public ulong SystemIdentifier
    {
        get => Volatile.Read(ref _systemIdentifier);
        set => Volatile.Write(ref _systemIdentifier, value);
    }
}
