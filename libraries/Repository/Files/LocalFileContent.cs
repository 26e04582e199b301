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
    private long _position;

    private LocalFileContent(SafeFileHandle file, SourceEntry entry, FileStatus opened) =>
        (_file, _entry, _opened) = (file, entry, opened);

    public static LocalFileContent Open(LocalDirectory directory, SourceEntry entry, LocalEntryReader entries)
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
        if (!FileStatus.TryGet(descriptor, out var opened) || opened.Type != NodeType.File)
        {
            file.Dispose();
            throw new SourceException("is no longer a regular file") { Vanished = true };
        }

        // The metadata of before the reading goes with the content: a later change then has a later time.
        var attributes = entry.Metadata.ExtendedAttributes;
        var current = entry with { Metadata = entries.ToMetadata(opened, attributes), Size = opened.Size };
        return new LocalFileContent(file, current, opened);
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
        return ValueTask.FromResult((_entry, same ? null : "changed while it was read"));
    }

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    // O_NONBLOCK: should a FIFO have taken the place of the file, opening must not wait for a writer.
    // O_NOATIME leaves the time of access alone, but is only for owners.
    private static unsafe int OpenForReading(OpenDirectory parent, byte[] name, bool followLinks)
    {
        var flags = Libc.OpenReadOnly | Libc.OpenCloseOnExec | Libc.OpenNonBlocking | (followLinks ? 0 : Libc.OpenNoFollow);
        fixed (byte* path = name)
        {
            var descriptor = Libc.OpenAt(parent.Descriptor, path, flags | Libc.OpenNoAccessTime, 0);
            return descriptor < 0 && LinuxError.Last == LinuxError.NotPermitted
                ? Libc.OpenAt(parent.Descriptor, path, flags, 0)
                : descriptor;
        }
    }
}
