using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Diagnostics;

/// <summary>Texts that become one <c>.tar.gz</c>. Each is cleaned of secrets as it comes in.</summary>
internal sealed class DiagnosticsArchive(SecretScrub scrub, DateTimeOffset now)
{
    private const string Folder = "stella-diagnostics";
    private readonly List<(string Name, string Text)> _files = [];
    private readonly List<string> _missing = [];

    public IReadOnlyList<string> Parts => [.. _files.Select(file => file.Name)];

    /// <summary>What could not be had, and why.</summary>
    public IReadOnlyList<string> Missing => _missing;

    public void Add(string name, string text) => _files.Add((name, Path.GetExtension(name) switch
    {
        ".json" => scrub.CleanJson(text, indented: true),
        ".ndjson" => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => scrub.CleanJson(line, indented: false) + "\n")),
        _ => scrub.Clean(text),
    }));

    public void AddMissing(string line) => _missing.Add(scrub.Clean(line));

    /// <summary>Writes a file that must not be there, readable for its owner only.</summary>
    public void WriteTo(string path)
    {
        if (Path.Exists(path))
        {
            throw Refused($"{path} exists");
        }

        // A new file of a name that nobody knows beforehand: the directory may be one for all, and a file or link that waits there another's.
        var temporary = $"{path}.{Path.GetRandomFileName()}.part";
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                Write(file);
                file.Flush(flushToDisk: true);
            }

            // Whole now: a crash before leaves no file that looks like an archive.
            File.Move(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw Refused(e.Message);
        }
    }

    private void Write(Stream file)
    {
        using var packed = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true);
        using var tar = new TarWriter(packed, TarEntryFormat.Pax);
        foreach (var (name, text) in _files.Append(("missing.txt", string.Concat(_missing.Select(line => line + "\n")))))
        {
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{Folder}/{name}") { DataStream = content, ModificationTime = now, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }
    }

    private static BackupException Refused(string why) =>
        new(ErrorCodes.InvalidInput, $"the archive cannot be written: {why}", "Name a new file in a directory that can be written, with --output.");
}
