namespace StellaOps.Backup.Repository.Files;

/// <summary>Metadata of a node, in Linux terms.</summary>
public sealed record NodeMetadata
{
    /// <summary>Permission bits with setuid, setgid and sticky: <c>st_mode &amp; 07777</c>.</summary>
    public required uint Permissions { get; init; }
    public required UnixTime Modified { get; init; }
    public UnixTime Accessed { get; init; }
    public UnixTime Changed { get; init; }
    public uint UserId { get; init; }
    public uint GroupId { get; init; }
    public string User { get; init; } = "";
    public string Group { get; init; } = "";
    public ulong Inode { get; init; }
    public ulong DeviceId { get; init; }
    public ulong Links { get; init; }

    /// <summary>Device number of a device node (<c>st_rdev</c>).</summary>
    public ulong Device { get; init; }
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes { get; init; } = [];
}

/// <summary>Name and value of an extended attribute.</summary>
public sealed record ExtendedAttribute(string Name, ReadOnlyMemory<byte> Value);
