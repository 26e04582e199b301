using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Files;

/// <summary>
/// Content of a local file: the bytes that it had when it was opened. One that grows meanwhile is read to its old end, so
/// that reading always ends.
/// </summary>
internal sealed class LocalFileContent : IFileContent
{
    private readonly SafeFileHandle _file;
    private readonly SourceEntry _entry;
    private readonly FileStatus _opened;
    private readonly string? _warning;
    private long _position;

    private LocalFileContent(SafeFileHandle file, SourceEntry entry, FileStatus opened, string? warning) =>
        (_file, _entry, _opened, _warning) = (file, entry, opened, warning);

    public static LocalFileContent Open(LocalDirectory directory, SourceEntry entry, LocalEntryReader entries)
    {
        var file = TryOpenListed(directory, entry, out var opened) ?? OpenInDirectory(directory, entry, out opened);

        // The metadata of before the reading goes with the content: a later change then has a later time.
        var readable = Attributes.TryRead(BytePath.Open((int)file.DangerousGetHandle()), follow: true, out var attributes);
        var current = entry with { Metadata = entries.ToMetadata(opened, attributes), Size = opened.Size };
        return new LocalFileContent(file, current, opened, readable ? null : $"cannot read extended attributes: {LinuxError.LastText}");
    }

    // One call in place of four: the same inode with the same ctime is the file that was listed, whatever directories the path
    // leads through now. Anything else is left to the careful way.
    private static SafeFileHandle? TryOpenListed(LocalDirectory directory, SourceEntry entry, out FileStatus opened)
    {
        opened = default;
        if (directory.Identity == default || directory.Wanted is { IsAll: false })
        {
            return null;
        }

        var descriptor = OpenForReading(null, BytePath.Join(directory.Path, entry.Name), followLinks: false);
        if (descriptor < 0)
        {
            return null;
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.TryGet(descriptor, out opened) && opened.Type == NodeType.File && opened.FileSystem == directory.Identity.FileSystem
            && opened.Inode == entry.Metadata.Inode && opened.Changed == entry.Metadata.Changed)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    private static SafeFileHandle OpenInDirectory(LocalDirectory directory, SourceEntry entry, out FileStatus opened)
    {
        using var parent = directory.Open();
        var descriptor = OpenForReading(parent, BytePath.From(entry.Name), followLinks: directory.Wanted is { IsAll: false });
        if (descriptor < 0)
        {
            var error = LinuxError.Last;
            throw new SourceException($"cannot open: {LinuxError.Text(error)}")
            {
                Vanished = error is LinuxError.NotFound or LinuxError.TooManyLinks,
            };
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (!FileStatus.TryGet(descriptor, out opened) || opened.Type != NodeType.File)
        {
            file.Dispose();
            throw new SourceException("is no longer a regular file") { Vanished = true };
        }

        return file;
    }

    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var wanted = (int)Math.Min(destination.Length, _opened.Size - _position);
        if (wanted <= 0)
        {
            return ValueTask.FromResult(0);
        }

        try
        {
            var read = RandomAccess.Read(_file, destination.Span[..wanted], _position);
            _position += read;
            return ValueTask.FromResult(read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"cannot read at byte {_position}: {e.Message}", e);
        }
    }

    public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken)
    {
        var same = FileStatus.TryGet((int)_file.DangerousGetHandle(), out var now)
            && now.Size == _opened.Size && now.Modified == _opened.Modified && _position == _opened.Size;
        return ValueTask.FromResult((_entry with { Warning = _warning }, same ? null : "changed while it was read"));
    }

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    // O_NONBLOCK: should a FIFO have taken the place of the file, opening must not wait for a writer.
    // O_NOATIME leaves the time of access alone, but is only for owners.
    private static unsafe int OpenForReading(OpenDirectory? parent, byte[] name, bool followLinks)
    {
        var flags = Libc.OpenReadOnly | Libc.OpenCloseOnExec | Libc.OpenNonBlocking | (followLinks ? 0 : Libc.OpenNoFollow);
        fixed (byte* path = name)
        {
            var directory = parent?.Descriptor ?? Libc.AtCurrentDirectory;
            var descriptor = Libc.OpenAt(directory, path, flags | Libc.OpenNoAccessTime, 0);
            return descriptor < 0 && LinuxError.Last == LinuxError.NotPermitted
                ? Libc.OpenAt(directory, path, flags, 0)
                : descriptor;
        }
    }
}
