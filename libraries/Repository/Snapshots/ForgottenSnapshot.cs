using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>A snapshot that was forgotten and can be brought back.</summary>
public sealed record ForgottenSnapshot
{
    /// <summary>The id that it had and will have again.</summary>
    public required BlobId Id { get; init; }

    /// <summary>What was forgotten; null where the record is damaged.</summary>
    public Snapshot? Snapshot { get; init; }
    public DateTimeOffset ForgottenAt { get; init; }

    /// <summary>Until then no prune removes its data; afterwards the next one does.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Why it cannot be brought back any more; null when nothing is known to be wrong.</summary>
    public string? Damage { get; init; }
}

/// <summary>A file of <c>stella/forgotten/</c>.</summary>
internal sealed record ForgottenJson
{
    public DateTimeOffset ForgottenAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The snapshot's file as it was stored, so that it comes back under its id.</summary>
    public byte[]? File { get; init; }
}
