using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts.Operations;

/// <summary>Where an operation is. Every state but <see cref="Finished"/> has a deadline.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationState>))]
public enum OperationState
{
    /// <summary>Written durably; waits for its turn.</summary>
    [JsonStringEnumMemberName("accepted")] Accepted = 1,

    /// <summary>Tasks are with workers.</summary>
    [JsonStringEnumMemberName("running")] Running = 2,

    /// <summary>All tasks ended; the recovery point is being signed and listed.</summary>
    [JsonStringEnumMemberName("sealing")] Sealing = 3,

    /// <summary>Ended, with an <see cref="Outcome"/>.</summary>
    [JsonStringEnumMemberName("finished")] Finished = 4,
}
