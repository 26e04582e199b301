using System.Text.Json.Serialization;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Writes what is pushed as <see cref="WalJson"/> does, without reflection: the command line, which pushes, is compiled ahead.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(LsnConverter)])]
[JsonSerializable(typeof(PushedSegment))]
internal sealed partial class PushedSegmentJson : JsonSerializerContext;
