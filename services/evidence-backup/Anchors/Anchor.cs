using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Anchors;

/// <summary>One anchor as its files are: nothing of it is believed yet.</summary>
/// <param name="Sequence">From the name of its file.</param>
/// <param name="Digest">SHA-256 of its file, by which the next one names it.</param>
/// <param name="Envelope">Null when it cannot be read.</param>
/// <param name="Payload">Null when it cannot be read.</param>
/// <param name="Defect">Why something cannot be read; null when all can.</param>
internal sealed record Anchor(long Sequence, string Digest, SignedEnvelope? Envelope, AnchorPayload? Payload, string? Defect)
{
    private const string Extension = ".json";

    /// <summary>Path from the root of the locker.</summary>
    public string Path => PathOf(Sequence);

    /// <summary>Path of the list of what it covers.</summary>
    public string ListPath => System.IO.Path.ChangeExtension(Path, ".sha256");

    public static string PathOf(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{LockerLayout.Anchors}/{sequence:D6}{Extension}");

    /// <summary>Numbers of the anchors that are there, ascending.</summary>
    public static IReadOnlyList<long> Sequences(string locker)
    {
        var directory = System.IO.Path.Combine(locker, LockerLayout.Anchors);
        return !Directory.Exists(directory) ? [] :
        [
            .. from file in Directory.EnumerateFiles(directory, $"*{Extension}")
               let name = System.IO.Path.GetFileNameWithoutExtension(file)
               where long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
               let sequence = long.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture)
               where file.EndsWith($"/{PathOf(sequence)}", StringComparison.Ordinal)
               orderby sequence
               select sequence,
        ];
    }

    public static async Task<Anchor> ReadAsync(string locker, long sequence, CancellationToken cancellationToken)
    {
        var file = System.IO.Path.Combine(locker, PathOf(sequence));
        if (!RegularFile.Is(file, followLinks: true))
        {
            return new Anchor(sequence, Digest: "", null, null, "no regular file");
        }

        var content = await File.ReadAllBytesAsync(file, cancellationToken);
        var read = new Anchor(sequence, Convert.ToHexStringLower(SHA256.HashData(content)), null, null, null);
        try
        {
            var envelope = SignedEnvelope.Parse(content);
            if (envelope.PayloadType != AnchorPayload.Type)
            {
                return read with { Defect = $"it holds '{envelope.PayloadType}', and not an anchor" };
            }

            var payload = JsonSerializer.Deserialize(envelope.Payload, AnchorJson.Default.AnchorPayload) ?? throw new JsonException("its payload is null");
            return payload.SchemaVersion == AnchorPayload.Version
                ? read with { Envelope = envelope, Payload = payload }
                : read with { Defect = $"its version is {payload.SchemaVersion}, and {AnchorPayload.Version} is known here" };
        }
        catch (Exception e) when (e is BackupException or JsonException)
        {
            return read with { Defect = e.Message };
        }
    }
}
