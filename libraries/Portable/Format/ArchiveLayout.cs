using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Format;

/// <summary>
/// Where everything is in an archive. It follows from the lengths of the members alone, so that a writer knows the length of the whole
/// beforehand, and a reader finds each byte without reading what is before it.
/// </summary>
internal sealed class ArchiveLayout
{
    /// <summary>Two blocks of zeros end a tar archive.</summary>
    internal const int EndLength = 2 * TarHeader.Block;

    private readonly List<PlacedMember> _members = [];
    private readonly Dictionary<string, int> _byPath = new(StringComparer.Ordinal);
    private long _next;

    internal IReadOnlyList<PlacedMember> Members => _members;

    /// <summary>Where the next member would be: the end of those that are placed.</summary>
    internal long EndOffset => _next;

    /// <summary>Bytes of the whole archive.</summary>
    internal long Length => _next + StoredGzip.EncodedLength(EndLength);

    /// <summary>The member in which a byte of the archive is, by its number, and where it begins. Behind the last one is the end.</summary>
    internal (int Number, long Offset) At(long offset)
    {
        var number = offset >= EndOffset ? _members.Count : _members.FindLastIndex(member => member.Offset <= offset);
        return (number, number == _members.Count ? EndOffset : _members[number].Offset);
    }

    internal PlacedMember? Find(string path) => _byPath.TryGetValue(path, out var number) ? _members[number] : null;

    /// <summary>Puts members behind those that are there.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>: a path that could lead out of the archive, or a second one of the same name.</exception>
    internal void Add(IEnumerable<ArchiveMember> members)
    {
        foreach (var member in members)
        {
            Check(member);
            if (!_byPath.TryAdd(member.Path, _members.Count))
            {
                throw new BackupException(ErrorCodes.Damaged, $"the archive names {member.Path} twice");
            }

            var placed = new PlacedMember(member, _next);
            _members.Add(placed);
            _next = checked(placed.End);
        }
    }

    private static void Check(ArchiveMember member)
    {
        try
        {
            ObjectKey.Check(member.Path);
        }
        catch (ArgumentException exception)
        {
            throw new BackupException(ErrorCodes.Damaged, $"the archive has a member of a name that is none: {exception.Message}", inner: exception);
        }

        if (member.Path.Length > TarHeader.LongestPath || !System.Text.Ascii.IsValid(member.Path) || member.Length is < 0 or > TarHeader.LargestFile)
        {
            throw new BackupException(ErrorCodes.Damaged, $"the archive has a member whose name or length ({member.Length}) cannot be: {member.Path}");
        }
    }
}
