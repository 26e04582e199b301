using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>What metadata is given to. Failures leave the reason in <see cref="LinuxError.Last"/>.</summary>
internal interface IMetadataTarget
{
    FileStatus? Status { get; }

    /// <summary>False when it surely has no extended attributes.</summary>
    bool MayHaveAttributes { get; }

    /// <summary>Path for the calls of extended attributes, which follow no link.</summary>
    byte[] AttributesPath { get; }

    bool TrySetOwner(uint user, uint group);

    bool TrySetPermissions(uint permissions);

    bool TrySetTimes(UnixTime accessed, UnixTime modified);
}

/// <summary>An entry of an open directory, of any type.</summary>
internal readonly struct EntryTarget(OpenDirectory directory, EntryName name) : IMetadataTarget
{
    public FileStatus? Status => directory.Find(name);

    public bool MayHaveAttributes => true;

    public byte[] AttributesPath => BytePath.InOpenDirectory(directory.Descriptor, name);

    public bool TrySetOwner(uint user, uint group) => directory.TrySetOwner(name, user, group);

    public bool TrySetPermissions(uint permissions) => directory.TrySetPermissions(name, permissions);

    public bool TrySetTimes(UnixTime accessed, UnixTime modified) => directory.TrySetTimes(name, accessed, modified);
}

/// <summary>An open regular file: half the system calls of the same changes by name.</summary>
internal readonly unsafe struct OpenFileTarget(SafeFileHandle file, OpenDirectory directory, EntryName name) : IMetadataTarget
{
    public FileStatus? Status => FileStatus.TryGet(Descriptor, out var status) ? status : null;

    public bool MayHaveAttributes => Libc.ListAttributesOf(Descriptor, null, 0) != 0;

    public byte[] AttributesPath => BytePath.InOpenDirectory(directory.Descriptor, name);

    private int Descriptor => (int)file.DangerousGetHandle();

    public bool TrySetOwner(uint user, uint group) => Libc.ChangeOwner(Descriptor, user, group) == 0;

    public bool TrySetPermissions(uint permissions) => Libc.ChangeMode(Descriptor, permissions) == 0;

    public bool TrySetTimes(UnixTime accessed, UnixTime modified)
    {
        var times = stackalloc TimeSpec[] { accessed, modified };
        return Libc.SetTimes(Descriptor, times) == 0;
    }
}
