using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts;

/// <summary>How an operation or task ended: three outcomes, never one bit.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    /// <summary>Everything that was asked for was done.</summary>
    [JsonStringEnumMemberName("complete")] Complete = 1,

    /// <summary>A usable result that lacks something; the list of missing items says what.</summary>
    [JsonStringEnumMemberName("incomplete")] Incomplete = 2,

    /// <summary>No usable result. A cancelled operation ends here, with the code <c>operation.cancelled</c>.</summary>
    [JsonStringEnumMemberName("failed")] Failed = 3,
}
