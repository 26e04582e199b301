using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Takes blobs to the files that wait for them, for one reader.</summary>
internal sealed class FileTaker(FileWriter writer) : IBlobTaker<FilePart>
{
    /// <summary>Files that became complete.</summary>
    public List<FileInProgress> Finished { get; } = [];

    public bool Follows(FilePart place, int length, FilePart next) => next.File == place.File && next.Offset == place.Offset + length;

    public void Take(ReadOnlySpan<byte> content, FilePart place, int blobs)
    {
        if (writer.Write(content, place, blobs) is { } finished)
        {
            Finished.Add(finished);
        }
    }
}
