namespace StellaOps.Backup.Contracts.Http;

/// <summary>GET /api/v1/diagnostics (scope backup:admin): what a coordinator knows of itself. Holds no secret.</summary>
public sealed record DiagnosticsView
{
    public required string Version { get; init; }
    public required string Host { get; init; }
    public required string Runtime { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Settings as the coordinator read them, by key; what may be a secret is replaced.</summary>
    public required IReadOnlyDictionary<string, string> Configuration { get; init; }

    /// <summary>Tables of the catalog.</summary>
    public required IReadOnlyList<TableSize> Catalog { get; init; }

    /// <summary>Folders of the location.</summary>
    public required IReadOnlyList<FolderSize> Location { get; init; }

    /// <summary>False when listing the location took too long, and <see cref="Location"/> counts only a part.</summary>
    public required bool LocationWhole { get; init; }

    /// <summary>Metrics of this coordinator, as Prometheus reads them.</summary>
    public required string Metrics { get; init; }
}

/// <summary>A table of the catalog.</summary>
public sealed record TableSize
{
    public required string Table { get; init; }

    /// <summary>As PostgreSQL estimates them.</summary>
    public required long Rows { get; init; }

    /// <summary>With its indexes.</summary>
    public required long Bytes { get; init; }
}

/// <summary>A folder at the top of the location.</summary>
public sealed record FolderSize
{
    public required string Folder { get; init; }
    public required long Objects { get; init; }
    public required long Bytes { get; init; }
}
