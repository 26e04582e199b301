using System.Globalization;
using System.Text.Json;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>
/// The index of a locker, <c>index.json</c>, as it is there. Memory: the file, and about 250 bytes an entry.
/// </summary>
internal sealed class LockerIndex
{
    /// <summary>The only version that is known.</summary>
    public const int Version = 1;

    private readonly Dictionary<string, IndexEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, JsonElement>> _more = [];
    private readonly List<string> _problems = [];

    private LockerIndex(byte[]? content) => Content = content;

    /// <summary>The file; null when there is none, or what is there is no regular file, which is a problem then.</summary>
    public byte[]? Content { get; }

    public IReadOnlyDictionary<string, IndexEntry> Entries => _entries;

    /// <summary>What the platform recorded beside the artifacts, in its order.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> More => _more;

    /// <summary>What in it cannot be read, or contradicts itself.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The version, where it is one that is not known: what the index says then is not known either. Null otherwise.</summary>
    public int? OtherVersion { get; private set; }

    public static async Task<LockerIndex> ReadAsync(string locker, CancellationToken cancellationToken)
    {
        var file = Path.Combine(locker, LockerLayout.Index);
        if (Path.Exists(file) && !RegularFile.Is(file, followLinks: true))
        {
            return new LockerIndex(null) { _problems = { $"{LockerLayout.Index} is no regular file" } };
        }

        byte[] content;
        try
        {
            content = await File.ReadAllBytesAsync(file, cancellationToken);
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
                ParseMore(ref reader);
            }
        }

        // What is cut short the reader refuses by itself. Of what lies behind the end it has to be asked.
        reader.Read();
    }

    private void RequireVersion(int version)
    {
        if (version != Version)
        {
            OtherVersion = version;
            throw new JsonException($"its version is {version}, and {Version} is known here");
        }
    }

    private void ParseMore(ref Utf8JsonReader reader)
    {
        var name = TextOf(ref reader);
        reader.Read();
        if (name is not null)
        {
            _more.Add(new(name, JsonElement.ParseValue(ref reader)));
            return;
        }

        reader.Skip();
        _problems.Add($"{LockerLayout.Index} has a member whose name is no text");
    }

    private void ParseArtifacts(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        for (var number = 1; reader.Read() && reader.TokenType != JsonTokenType.EndArray; number++)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ParseEntry(ref reader, number);
            }
            else
            {
                reader.Skip();
                _problems.Add(string.Create(CultureInfo.InvariantCulture, $"entry {number} is no object"));
            }
        }
    }

    /// <summary>What is odd in an entry is a problem of it alone: those behind it may have legal holds.</summary>
    private void ParseEntry(ref Utf8JsonReader reader, int number)
    {
        string? path = null, sha256 = null;
        long? size = null;
        List<KeyValuePair<string, JsonElement>>? more = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = TextOf(ref reader);
            reader.Read();
            switch (name)
            {
                case "path":
                    path = TextOf(ref reader);
                    reader.Skip();
                    break;
                case "sha256":
                    sha256 = TextOf(ref reader);
                    reader.Skip();
                    break;
                case "sizeBytes":
                    size = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var bytes) ? bytes : null;
                    reader.Skip();
                    break;
                case "type":
                    reader.Skip(); // It follows from the path.
                    break;
                case null:
                    reader.Skip();
                    _problems.Add(string.Create(CultureInfo.InvariantCulture, $"entry {number} has a member whose name is no text"));
                    break;
                default:
                    (more ??= []).Add(new(name, JsonElement.ParseValue(ref reader)));
                    break;
            }
        }

        Add(number, path, sha256, size, more);
    }

    /// <summary>Null for what is no text, escapes that stand for no character among it.</summary>
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private void Add(int number, string? path, string? sha256, long? size, List<KeyValuePair<string, JsonElement>>? more)
    {
        if (path is null)
        {
            _problems.Add(string.Create(CultureInfo.InvariantCulture, $"entry {number} has no path"));
        }
        else if (!LockerLayout.IsInside(path))
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
