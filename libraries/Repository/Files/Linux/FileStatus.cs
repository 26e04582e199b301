namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>What <c>statx</c> says of a file.</summary>
internal readonly record struct FileStatus
{
    private static readonly byte[] NoPath = [0];

    public required NodeType Type { get; init; }
    public required uint Permissions { get; init; }
    public required long Size { get; init; }
    public required uint UserId { get; init; }
    public required uint GroupId { get; init; }
    public required ulong Inode { get; init; }
    public required ulong FileSystem { get; init; }
    public required ulong Links { get; init; }
    public required ulong Device { get; init; }
    public required UnixTime Accessed { get; init; }
    public required UnixTime Modified { get; init; }
    public required UnixTime Changed { get; init; }

    /// <summary>True for the same file, whatever its name.</summary>
    public bool IsSameFile(FileStatus other) => Inode == other.Inode && FileSystem == other.FileSystem;

    /// <summary>Asks for an entry of a directory; false leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    public static bool TryGet(int directory, byte[] path, bool follow, out FileStatus status) =>
        TryGet(directory, path, follow ? 0 : Libc.AtSymlinkNoFollow, out status);

    /// <summary>Asks for an open file; false leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    public static bool TryGet(int descriptor, out FileStatus status) =>
        TryGet(descriptor, NoPath, Libc.AtEmptyPath, out status);

    private static unsafe bool TryGet(int descriptor, byte[] path, int flags, out FileStatus status)
    {
        const int noAutomount = 0x800;
        status = default;
        StatxBuffer buffer;
        fixed (byte* name = path)
        {
            if (Libc.Statx(descriptor, name, flags | noAutomount, StatxBuffer.BasicStats, &buffer) != 0)
            {
                return false;
            }
        }

        status = new FileStatus
        {
            Type = TypeOf(buffer.Mode),
            Permissions = buffer.Mode & 0xfffu,
            Size = (long)buffer.Size,
            UserId = buffer.UserId,
            GroupId = buffer.GroupId,
            Inode = buffer.Inode,
            FileSystem = DeviceNumber(buffer.FileSystemMajor, buffer.FileSystemMinor),
            Links = buffer.Links,
            Device = DeviceNumber(buffer.DeviceMajor, buffer.DeviceMinor),
            Accessed = buffer.Accessed.ToUnixTime(),
            Modified = buffer.Modified.ToUnixTime(),
            Changed = buffer.Changed.ToUnixTime(),
        };
        return true;
    }

    private static NodeType TypeOf(ushort mode) => (mode & 0xf000) switch
    {
        0x4000 => NodeType.Directory,
        0xa000 => NodeType.Symlink,
        0x6000 => NodeType.BlockDevice,
        0x2000 => NodeType.CharacterDevice,
        0x1000 => NodeType.Fifo,
        0xc000 => NodeType.Socket,
        _ => NodeType.File,
    };

    // How the C library packs major and minor into st_dev and st_rdev, which is what trees hold.
    private static ulong DeviceNumber(uint major, uint minor) =>
        ((ulong)(major & 0xfffff000) << 32) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & 0xffffff00) << 12) | (minor & 0xff);
}
