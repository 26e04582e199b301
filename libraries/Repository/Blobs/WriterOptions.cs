using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>What one writer does differently from the repository's options.</summary>
public sealed record WriterOptions
{
    /// <summary>zstd level; null takes <see cref="RepositoryOptions.CompressionLevel"/>.</summary>
    [Range(1, 19)]
    public int? CompressionLevel { get; init; }
}
