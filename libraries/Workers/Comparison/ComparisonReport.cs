namespace StellaOps.Backup.Workers.Comparison;

/// <summary>How a directory differs from a snapshot.</summary>
public sealed record ComparisonReport
{
    /// <summary>Files with the same content.</summary>
    public required long EqualFiles { get; init; }
    public required long EqualBytes { get; init; }

    /// <summary>Entries that only the snapshot has, and how many of them are files with how much content.</summary>
    public required long Missing { get; init; }
    public required long MissingFiles { get; init; }
    public required long MissingBytes { get; init; }

    /// <summary>Entries that are not the same, and how many of them are files.</summary>
    public required long Different { get; init; }
    public required long DifferentFiles { get; init; }

    /// <summary>Entries that only the directory has.</summary>
    public required long Extra { get; init; }

    /// <summary>The first <see cref="MaxListed"/> of each kind.</summary>
    public required IReadOnlyList<ComparedItem> Items { get; init; }

    /// <summary>Items of each kind that are listed.</summary>
    public const int MaxListed = 100;

    /// <summary>True when the snapshot's content is there, whatever else is.</summary>
    public bool IsWhole => Missing == 0 && Different == 0;

    /// <summary>Listed items of one kind.</summary>
    public IEnumerable<ComparedItem> Of(ComparedState state) => Items.Where(item => item.State == state);
}

/// <summary>One entry that is not the same on both sides.</summary>
public sealed record ComparedItem(ComparedState State, string Path, string Reason);

/// <summary>How an entry differs.</summary>
public enum ComparedState
{
    Missing,
    Different,
    Extra,
}
