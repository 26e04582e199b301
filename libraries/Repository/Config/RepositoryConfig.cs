using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Config;

/// <summary>The file <c>config</c>: an encrypted unit of plain JSON, in every version uncompressed (restic design, "Repository Format").</summary>
/// <param name="Version">1 or 2; version 2 compresses.</param>
/// <param name="Id">64 hexadecimal digits, random.</param>
/// <param name="ChunkerPolynomial">See <see cref="Config.ChunkerPolynomial"/>.</param>
internal sealed record RepositoryConfig(int Version, string Id, ulong ChunkerPolynomial)
{
    internal const int CurrentVersion = 2;

    /// <param name="polynomial">Another repository's; null makes a new one.</param>
    internal static RepositoryConfig Create(ulong? polynomial) =>
        new(CurrentVersion, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), polynomial ?? Config.ChunkerPolynomial.Create());

    internal byte[] Seal(UnitSealer sealer)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new ConfigJson { Version = Version, Id = Id, ChunkerPolynomial = ChunkerPolynomial.ToString("x", CultureInfo.InvariantCulture) },
            RepositoryJson.Default.ConfigJson);
        var unit = new byte[json.Length + UnitCipher.Overhead];
        sealer.Seal(json, unit);
        return unit;
    }

    /// <summary>Null when the key is not the one that sealed it, or the file was changed: the two cannot be told apart.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Unsupported"/> or <see cref="RepositoryFailure.Damaged"/>.</exception>
    internal static RepositoryConfig? TryOpen(UnitSealer sealer, ReadOnlySpan<byte> unit)
    {
        var plain = new byte[Math.Max(0, unit.Length - UnitCipher.Overhead)];
        return sealer.TryOpen(unit, plain) ? Decode(plain) : null;
    }

    internal static RepositoryConfig Decode(ReadOnlySpan<byte> json)
    {
        ConfigJson? config;
        try
        {
            config = JsonSerializer.Deserialize(json, RepositoryJson.Default.ConfigJson);
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "config is damaged: it is not readable", exception);
        }

        if (config is not { Id.Length: > 0 }
            || !ulong.TryParse(config.ChunkerPolynomial, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var polynomial)
            || !Repository.Config.ChunkerPolynomial.IsIrreducible(polynomial))
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "config is damaged: its id or its polynomial is wrong");
        }

        return config.Version is 1 or CurrentVersion
            ? new RepositoryConfig(config.Version, config.Id, polynomial)
            : throw new RepositoryException(RepositoryFailure.Unsupported, $"the repository has format version {config.Version}; versions 1 and 2 are known");
    }
}

/// <summary>JSON of the file.</summary>
internal sealed record ConfigJson
{
    public int Version { get; init; }
    public string? Id { get; init; }
    public string? ChunkerPolynomial { get; init; }
}
