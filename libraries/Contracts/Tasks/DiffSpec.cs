namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Compare the configuration of two points.</summary>
public sealed record DiffSpec
{
    /// <summary>Snapshots of the two.</summary>
    public required string Before { get; init; }
    public required string After { get; init; }

    /// <summary>Only this file, or what is below this directory; null compares all.</summary>
    public string? Path { get; init; }
}

/// <summary>What differs. What looks like a secret is masked before it leaves the worker.</summary>
public sealed record DiffResult
{
    public required long Added { get; init; }
    public required long Removed { get; init; }
    public required long Changed { get; init; }

    /// <summary>In the order of their paths; at most <see cref="MaxItems"/> of all that are counted.</summary>
    public IReadOnlyList<DiffItem> Items { get; init => field = value ?? []; } = [];

    /// <summary>Bounds on the items, and on the letters of all texts, in one message.</summary>
    public const int MaxItems = 1000, MaxText = 256 << 10;
}

/// <summary>One entry that differs.</summary>
public sealed record DiffItem
{
    /// <summary><c>added</c>, <c>removed</c>, <c>content</c>, <c>metadata</c> (permissions, owner, attributes, time), or <c>type</c>.</summary>
    public required string Change { get; init; }
    public required string Path { get; init; }

    /// <summary><c>file</c>, <c>dir</c>, <c>symlink</c> …; of the later point where it has the entry.</summary>
    public required string Type { get; init; }

    /// <summary>Bytes of a file; absent where it is not there.</summary>
    public long? SizeBefore { get; init; }
    public long? SizeAfter { get; init; }

    /// <summary>SHA-256 (lower hex) of the content of files that are not shown as text; absent of very large ones.</summary>
    public string? Sha256Before { get; init; }
    public string? Sha256After { get; init; }

    /// <summary>Unified diff of a small text file, without its two header lines.</summary>
    public string? Text { get; init; }

    /// <summary>What differs besides the text, in words, or why there is no text.</summary>
    public string? Detail { get; init; }
}
