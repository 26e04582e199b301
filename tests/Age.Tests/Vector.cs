using System.IO.Compression;
using System.Text;

namespace StellaOps.Backup.Age.Tests;

/// <summary>One C2SP test vector: text header, empty line, age file (vectors/README.md).</summary>
internal sealed record Vector(
    string Expect, string? PayloadSha256, IReadOnlyList<string> Identities, IReadOnlyList<string> Passphrases, bool Armored, byte[] File)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "vectors");

    public static IEnumerable<string> Names =>
        Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)).Where(name => name != "README.md").Order(StringComparer.Ordinal);

    public static Vector Load(string name)
    {
        var bytes = System.IO.File.ReadAllBytes(Path.Combine(Folder, name));
        var end = bytes.AsSpan().IndexOf("\n\n"u8);
        var fields = Encoding.UTF8.GetString(bytes, 0, end).Split('\n')
            .Select(line => line.Split(": ", 2)).ToLookup(field => field[0], field => field[1]);
        var file = bytes[(end + 2)..];
        return new Vector(
            fields["expect"].Single(),
            fields["payload"].SingleOrDefault(),
            [.. fields["identity"]],
            [.. fields["passphrase"]],
            fields["armored"].SingleOrDefault() == "yes",
            fields["compressed"].SingleOrDefault() == "zlib" ? Inflate(file) : file);
    }

    private static byte[] Inflate(byte[] compressed)
    {
        using var zlib = new ZLibStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zlib.CopyTo(plain);
        return plain.ToArray();
    }
}
