using System.Text;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Anchors;

/// <summary>
/// The list beside an anchor: what <c>sha256sum</c> prints of the artifacts that it covers, in the order of their paths, and so what
/// <c>sha256sum --check</c> takes. Its lines, without their ends, are the leaves of the anchor's tree.
/// </summary>
internal sealed record AnchorList(IReadOnlyList<(string Path, BlobId Sha256)> Artifacts, BlobId Root)
{
    private const string Between = "  ";

    /// <exception cref="FormatException">It is no such list.</exception>
    public static async Task<AnchorList> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (Path.Exists(file) && !RegularFile.Is(file, followLinks: true))
        {
            throw new FormatException("no regular file");
        }

        var tree = new MerkleTree();
        var artifacts = new List<(string, BlobId)>();
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        await foreach (var line in File.ReadLinesAsync(file, strict, cancellationToken))
        {
            tree.Add(Encoding.UTF8.GetBytes(line));
            artifacts.Add(Parse(line, artifacts.Count + 1));
        }

        return new AnchorList(artifacts, tree.Root());
    }

    private static (string Path, BlobId Sha256) Parse(string line, int number)
    {
        // sha256sum begins a line with a backslash where it had to escape the name.
        var escaped = line.StartsWith('\\');
        var text = escaped ? line[1..] : line;
        if (text.Length <= 2 * BlobId.Length + Between.Length
            || !BlobId.TryParse(text.AsSpan(0, 2 * BlobId.Length), out var digest)
            || !text.AsSpan(2 * BlobId.Length).StartsWith(Between, StringComparison.Ordinal))
        {
            throw new FormatException($"line {number} is not a digest and a path");
        }

        var path = text[(2 * BlobId.Length + Between.Length)..];
        path = escaped ? Unescape(path) : path;
        return LockerLayout.IsInside(path) ? (path, digest) : throw new FormatException($"line {number} names no path of an artifact");
    }

    private static string Unescape(string path)
    {
        var text = new StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            var escaped = path[at] == '\\' && at + 1 < path.Length;
            text.Append(!escaped ? path[at] : path[++at] switch { 'n' => '\n', 'r' => '\r', var other => other });
        }

        return text.ToString();
    }
}
