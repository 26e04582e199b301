using System.Text.Json.Serialization;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>A file of <c>keys/</c>: plain JSON.</summary>
internal sealed record KeyFileJson
{
    public DateTimeOffset Created { get; init; }
    public string? Username { get; init; }
    public string? Hostname { get; init; }
    public string? Kdf { get; init; }

    [JsonPropertyName("N")]
    public int N { get; init; }

    [JsonPropertyName("r")]
    public int R { get; init; }

    [JsonPropertyName("p")]
    public int P { get; init; }
    public byte[]? Salt { get; init; }

    /// <summary>Encrypted unit of <see cref="KeyPayloadJson"/>, under the keys that scrypt makes of the password.</summary>
    public byte[]? Data { get; init; }
}

/// <summary>The master key in a key file.</summary>
internal sealed record KeyPayloadJson
{
    public MacKeyJson? Mac { get; init; }
    public byte[]? Encrypt { get; init; }
}

/// <summary>The two keys of the MAC.</summary>
internal sealed record MacKeyJson
{
    [JsonPropertyName("k")]
    public byte[]? K { get; init; }

    [JsonPropertyName("r")]
    public byte[]? R { get; init; }
}
