using System.Globalization;
using System.Text;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Portable.Format;

/// <summary>
/// The files of one component, in the order in which they stand in the archive, as text: a line <c>SHA-256 length path</c> for each.
/// <c>awk '{print $1 "  " $3}' database.contents | sha256sum -c</c> checks what tar unpacked.
/// </summary>
public static class MemberList
{
    private const int DigestLength = 64;

    /// <summary>The text, UTF-8.</summary>
    public static byte[] Encode(IEnumerable<ArchiveMember> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        var text = new StringBuilder();
        foreach (var member in members)
        {
            text.Append(CultureInfo.InvariantCulture, $"{member.Sha256} {member.Length} {member.Path}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a text whose digest was checked.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>: not such a text.</exception>
    public static IReadOnlyList<ArchiveMember> Decode(ReadOnlySpan<byte> content)
    {
        var members = new List<ArchiveMember>();
        while (!content.IsEmpty)
        {
            var end = content.IndexOf((byte)'\n');
            members.Add(Line(Encoding.UTF8.GetString(end < 0 ? content : content[..end])));
            content = end < 0 ? [] : content[(end + 1)..];
        }

        return members;
    }

    private static ArchiveMember Line(string line) =>
        line.Split(' ') is [{ Length: DigestLength } digest, var length, var path]
        && digest.All(char.IsAsciiHexDigitLower)
        && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? new ArchiveMember { Path = path, Length = bytes, Sha256 = digest }
            : throw new BackupException(ErrorCodes.Damaged, $"a list of the archive has a line that is none: '{(line.Length > 120 ? line[..120] : line)}'");
}
