using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>Changes to entries of an open directory. No link is ever followed.</summary>
internal sealed unsafe partial class OpenDirectory
{
    private static readonly byte[] Here = BytePath.From(".");

    /// <summary>Status of an entry; null when there is none.</summary>
    public FileStatus? Find(EntryName name)
    {
        if (FileStatus.TryGet(Descriptor, BytePath.From(name), follow: false, out var status))
        {
            return status;
        }

        return LinuxError.Last == LinuxError.NotFound ? null : throw new LinuxException(LinuxError.Last, $"examine '{name}'");
    }

    /// <summary>Opens a directory in this one; null when there is none of that name.</summary>
    public OpenDirectory? TryOpenBelow(EntryName name)
    {
        var below = TryOpen(this, BytePath.From(name), follow: false);
        return below is not null || LinuxError.Last is LinuxError.NotFound or LinuxError.NotDirectory or LinuxError.TooManyLinks
            ? below
            : throw new LinuxException(LinuxError.Last, $"open directory '{name}'");
    }

    /// <summary>Opens a regular file without waiting; null leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    public SafeFileHandle? TryOpenFile(EntryName name, bool write)
    {
        var flags = (write ? Libc.OpenReadWrite : Libc.OpenReadOnly) | Libc.OpenNoFollow | Libc.OpenNonBlocking | Libc.OpenCloseOnExec;
        fixed (byte* path = BytePath.From(name))
        {
            var descriptor = Libc.OpenAt(Descriptor, path, flags, 0);
            return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        }
    }

    /// <summary>Creates a file that only its owner may read.</summary>
    public SafeFileHandle CreateFile(EntryName name)
    {
        const uint ownerOnly = 0x180;
        var flags = Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow | Libc.OpenCloseOnExec;
        fixed (byte* path = BytePath.From(name))
        {
            var descriptor = Libc.OpenAt(Descriptor, path, flags, ownerOnly);
            LinuxException.ThrowIfFailed(descriptor >= 0, $"create '{name}'");
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }
    }

    /// <summary>Creates a directory that only its owner may use.</summary>
    public void MakeDirectory(EntryName name)
    {
        fixed (byte* path = BytePath.From(name))
        {
            LinuxException.ThrowIfFailed(Libc.MakeDirectoryAt(Descriptor, path, 0x1c0) == 0, $"create directory '{name}'");
        }
    }

    /// <summary>Creates a link that says <paramref name="target"/>.</summary>
    public void MakeSymlink(EntryName name, EntryName target)
    {
        fixed (byte* path = BytePath.From(name), text = BytePath.From(target))
        {
            LinuxException.ThrowIfFailed(Libc.SymlinkAt(text, Descriptor, path) == 0, $"create link '{name}'");
        }
    }

    /// <summary>Creates a FIFO or a device node.</summary>
    public void MakeNode(EntryName name, NodeType type, ulong device)
    {
        const uint fifo = 0x1000, characterDevice = 0x2000, blockDevice = 0x6000, ownerOnly = 0x180;
        var kind = type switch { NodeType.Fifo => fifo, NodeType.CharacterDevice => characterDevice, _ => blockDevice };
        fixed (byte* path = BytePath.From(name))
        {
            LinuxException.ThrowIfFailed(Libc.MakeNodeAt(Descriptor, path, kind | ownerOnly, device) == 0, $"create '{name}'");
        }
    }

    /// <summary>Gives an existing file another name; false leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    public static bool TryLink(OpenDirectory from, EntryName existing, OpenDirectory to, EntryName name)
    {
        fixed (byte* old = BytePath.From(existing), path = BytePath.From(name))
        {
            return Libc.LinkAt(from.Descriptor, old, to.Descriptor, path, 0) == 0;
        }
    }

    /// <summary>Renames within the directory, over what is there unless it is a directory.</summary>
    public void Replace(EntryName from, EntryName to)
    {
        fixed (byte* old = BytePath.From(from), path = BytePath.From(to))
        {
            LinuxException.ThrowIfFailed(Libc.RenameAt(Descriptor, old, Descriptor, path) == 0, $"put '{to}' in its place");
        }
    }

    /// <summary>Removes a name or an empty directory; one that is not there counts as removed. False: a directory with entries.</summary>
    public bool TryRemove(EntryName name, bool isDirectory)
    {
        fixed (byte* path = BytePath.From(name))
        {
            if (Libc.UnlinkAt(Descriptor, path, isDirectory ? Libc.AtRemoveDirectory : 0) == 0 || LinuxError.Last == LinuxError.NotFound)
            {
                return true;
            }

            return isDirectory && LinuxError.Last is LinuxError.NotEmpty or LinuxError.Exists
                ? false
                : throw new LinuxException(LinuxError.Last, $"remove '{name}'");
        }
    }

    public bool TrySetOwner(EntryName name, uint user, uint group)
    {
        fixed (byte* path = BytePath.From(name))
        {
            return Libc.ChangeOwnerAt(Descriptor, path, user, group, Libc.AtSymlinkNoFollow) == 0;
        }
    }

    public bool TrySetPermissions(EntryName name, uint permissions)
    {
        fixed (byte* path = BytePath.From(name))
        {
            return Libc.ChangeModeAt(Descriptor, path, permissions, Libc.AtSymlinkNoFollow) == 0;
        }
    }

    public bool TrySetTimes(EntryName name, UnixTime accessed, UnixTime modified)
    {
        var times = stackalloc TimeSpec[] { accessed, modified };
        fixed (byte* path = BytePath.From(name))
        {
            return Libc.SetTimesAt(Descriptor, path, times, Libc.AtSymlinkNoFollow) == 0;
        }
    }

    /// <summary>Target of a link; null when it cannot be read.</summary>
    public EntryName? ReadLink(EntryName name)
    {
        const int longest = 4096; // PATH_MAX
        var buffer = stackalloc byte[longest];
        fixed (byte* path = BytePath.From(name))
        {
            var length = Libc.ReadLinkAt(Descriptor, path, buffer, longest);
            return length < 0 ? null : new EntryName(new ReadOnlySpan<byte>(buffer, (int)length));
        }
    }

    /// <summary>The same directory, open once more.</summary>
    public OpenDirectory Again() => TryOpen(this, Here, follow: false) ?? throw new LinuxException(LinuxError.Last, "open a directory again");

    /// <summary>Makes the directory's entries durable.</summary>
    public void Sync() => LinuxException.ThrowIfFailed(Libc.Sync(Descriptor) == 0, "write a directory to disk");

    /// <summary>
    /// Makes everything durable that was written to the directory's file system, and reports what could not be written since
    /// this directory was opened (syncfs(2); Linux 5.8 and newer report such errors).
    /// </summary>
    public void SyncFileSystem() => LinuxException.ThrowIfFailed(Libc.SyncFileSystem(Descriptor) == 0, "write the file system to disk");
}
