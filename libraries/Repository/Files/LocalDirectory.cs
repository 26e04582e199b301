using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Files;

/// <summary>A directory of a <see cref="LocalFileSource"/>: where it is, and which one it was when it was listed.</summary>
/// <param name="Path">Absolute, with its terminator.</param>
/// <param name="Identity">Its status when its parent was listed; default for the root.</param>
/// <param name="TopFileSystem">File system of the given path it lies under; null where that is this directory, or below it.</param>
/// <param name="Wanted">Which entries are wanted; null for all.</param>
internal sealed record LocalDirectory(byte[] Path, FileStatus Identity, ulong? TopFileSystem, WantedPaths? Wanted)
{
    public LocalDirectory Child(EntryName name, FileStatus status, ulong? topFileSystem, WantedPaths? wanted) =>
        new(BytePath.Join(Path, name), status, topFileSystem, wanted);

    /// <summary>
    /// Opens the directory that was listed. Should another one, or a link, stand in its place now, it is refused: whoever can
    /// write here must not make the backup read elsewhere.
    /// </summary>
    /// <exception cref="SourceException">It cannot be opened, is gone, or was replaced.</exception>
    public OpenDirectory Open()
    {
        var follow = Wanted is not null;
        var open = OpenDirectory.TryOpen(null, Path, follow);
        if (open is null)
        {
            var error = LinuxError.Last;
            throw new SourceException($"cannot list directory: {LinuxError.Text(error)}")
            {
                Vanished = error is LinuxError.NotFound or LinuxError.NotDirectory or LinuxError.TooManyLinks,
            };
        }

        if (Identity != default && !(FileStatus.TryGet(open.Descriptor, out var status) && status.IsSameFile(Identity)))
        {
            open.Dispose();
            throw new SourceException("another directory took its place during the backup") { Vanished = true };
        }

        return open;
    }

    public static IReadOnlyList<EntryName> ReadNames(OpenDirectory open)
    {
        try
        {
            return open.ReadNames();
        }
        catch (IOException e)
        {
            throw new SourceException($"cannot list directory: {e.Message}", e);
        }
    }

    public override string ToString() => BytePath.Show(Path);
}
