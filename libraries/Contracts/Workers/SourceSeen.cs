namespace StellaOps.Backup.Contracts.Workers;

/// <summary>Event, to the queue <c>coordinator</c>: what a watched source holds now. Sent after changes, and from time to time without any.</summary>
public sealed record SourceSeen
{
    public required Component Component { get; init; }
    public required string Worker { get; init; }

    /// <summary>Digest of names, contents, owners and permissions: equal for equal trees, on every host.</summary>
    public required string Fingerprint { get; init; }
    public required DateTimeOffset SeenAt { get; init; }
}
