using System.Text.Json;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>
/// The index of a locker, <c>index.json</c>, as it is there. Memory: the file, and about 250 bytes an entry.
/// </summary>
internal sealed class LockerIndex
{
    /// <summary>The only version that is known.</summary>
    public const int Version = 1;

    private readonly Dictionary<string, IndexEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private LockerIndex(byte[]? content) => Content = content;

    /// <summary>The file; null when there is none.</summary>
    public byte[]? Content { get; }

    public IReadOnlyDictionary<string, IndexEntry> Entries => _entries;

    /// <summary>What in it cannot be read, or contradicts itself.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The version, where it is one that is not known: what the index says then is not known either. Null otherwise.</summary>
    public int? OtherVersion { get; private set; }

    public static async Task<LockerIndex> ReadAsync(string locker, CancellationToken cancellationToken)
    {
        byte[] content;
        try
        {
            content = await File.ReadAllBytesAsync(Path.Combine(locker, LockerLayout.Index), cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new LockerIndex(null);
        }

        var index = new LockerIndex(content);
        try
        {
            index.Parse(content);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            index._problems.Add($"{LockerLayout.Index} cannot be read to its end: {e.Message}");
        }

        return index;
    }

    private void Parse(ReadOnlySpan<byte> content)
    {
        var reader = new Utf8JsonReader(content);
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                RequireVersion(reader.GetInt32());
            }
            else if (reader.ValueTextEquals("artifacts"u8))
            {
                ParseArtifacts(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void RequireVersion(int version)
    {
        if (version != Version)
        {
            OtherVersion = version;
            throw new JsonException($"its version is {version}, and {Version} is known here");
        }
    }

    private void ParseArtifacts(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string? path = null, sha256 = null;
            long? size = null;
            List<KeyValuePair<string, JsonElement>>? more = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                switch (reader.GetString())
                {
                    case "path":
                        reader.Read();
                        path = reader.GetString();
                        break;
                    case "sha256":
                        reader.Read();
                        sha256 = reader.GetString();
                        break;
                    case "sizeBytes":
                        reader.Read();
                        size = reader.GetInt64();
                        break;
                    case "type":
                        reader.Skip(); // It follows from the path.
                        break;
                    case var name:
                        reader.Read();
                        (more ??= []).Add(new(name!, JsonElement.ParseValue(ref reader)));
                        break;
                }
            }

            Add(path, sha256, size, more);
        }
    }

    private void Add(string? path, string? sha256, long? size, List<KeyValuePair<string, JsonElement>>? more)
    {
        if (path is null || !LockerLayout.IsInside(path))
        {
            _problems.Add($"'{path}' is no path of an artifact");
        }
        else if (size is not >= 0 || !BlobId.TryParse(sha256, out var digest))
        {
            _problems.Add($"{path}: its entry has no digest or no size");
        }
        else if (!_entries.TryAdd(path, new IndexEntry(digest, size.Value, more)))
        {
            _problems.Add($"{path}: the index names it twice");
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException($"{type} was expected at byte {reader.TokenStartIndex}");
        }
    }
}
