using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>A snapshot in JSON. Sizes in bytes; null where its maker did not say.</summary>
internal sealed record SnapshotView
{
    public required string Id { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string Tree { get; init; }
    public string? Parent { get; init; }
    public string? Host { get; init; }
    public string? User { get; init; }
    public required IReadOnlyList<string> Paths { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public string? ProgramVersion { get; init; }
    public long? Files { get; init; }
    public long? Bytes { get; init; }

    /// <summary>Stored bytes that it added.</summary>
    public long? BytesAdded { get; init; }

    public static SnapshotView Of(Snapshot snapshot) => new()
    {
        Id = snapshot.Id.ToString(),
        Time = snapshot.Time.ToUniversalTime(),
        Tree = snapshot.Tree.ToString(),
        Parent = snapshot.Parent?.ToString(),
        Host = snapshot.Hostname,
        User = snapshot.Username,
        Paths = snapshot.Paths,
        Tags = snapshot.Tags ?? [],
        ProgramVersion = snapshot.ProgramVersion,
        Files = snapshot.Summary?.TotalFilesProcessed,
        Bytes = snapshot.Summary?.TotalBytesProcessed,
        BytesAdded = snapshot.Summary?.DataAddedPacked,
    };

    public static void WriteTable(TextWriter output, IReadOnlyList<SnapshotView> snapshots)
    {
        if (snapshots.Count == 0)
        {
            output.WriteLine("no snapshots");
            return;
        }

        var table = new TextTable("SNAPSHOT", "TAKEN", "HOST", "FILES", "SIZE", "TAGS", "PATHS").Right(3, 4);
        foreach (var snapshot in snapshots)
        {
            table.Add(
                Units.ShortId(snapshot.Id),
                Units.Time(snapshot.Time),
                snapshot.Host ?? "-",
                snapshot.Files is { } files ? Units.Count(files) : "-",
                snapshot.Bytes is { } bytes ? Units.Size(bytes) : "-",
                snapshot.Tags.Count > 0 ? string.Join(',', snapshot.Tags) : "-",
                string.Join(',', snapshot.Paths));
        }

        table.WriteTo(output);
    }
}
