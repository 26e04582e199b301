using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts;

/// <summary>A part of a Stella Ops deployment that is protected on its own. The names are those of <c>--type</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Component>))]
public enum Component
{
    /// <summary>The PostgreSQL cluster.</summary>
    [JsonStringEnumMemberName("database")] Database = 1,

    /// <summary>The evidence locker.</summary>
    [JsonStringEnumMemberName("evidence")] Evidence = 2,

    /// <summary>Configuration trees.</summary>
    [JsonStringEnumMemberName("config")] Config = 3,

    /// <summary>Secrets, encrypted to custodians.</summary>
    [JsonStringEnumMemberName("secrets")] Secrets = 4,

    /// <summary>Attestation keys, encrypted to custodians.</summary>
    [JsonStringEnumMemberName("keys")] Keys = 5,
}
