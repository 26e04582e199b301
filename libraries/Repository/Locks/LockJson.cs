namespace StellaOps.Backup.Repository.Locks;

/// <summary>A file of <c>locks/</c> (restic design, "Locks").</summary>
internal sealed record LockJson
{
    public DateTimeOffset Time { get; init; }
    public bool Exclusive { get; init; }
    public string? Hostname { get; init; }
    public string? Username { get; init; }
    public int Pid { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }

    /// <summary>Ours alone; null in what restic wrote.</summary>
    public LockPlace? StellaPlace { get; init; }
}
