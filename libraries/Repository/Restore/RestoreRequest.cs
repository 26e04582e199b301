using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>What is restored, where to, and what happens to files that are there.</summary>
public sealed record RestoreRequest
{
    public required Snapshot Snapshot { get; init; }

    /// <summary>
    /// Path inside the snapshot. Of a directory the content becomes the content of <see cref="TargetDirectory"/>, which takes the
    /// directory's own mode, owner and times, too; a file is restored into the target under its name.
    /// </summary>
    public string Subtree { get; init; } = "/";

    /// <summary>Absolute path; created when it does not exist.</summary>
    public required string TargetDirectory { get; init; }

    public ExistingFiles Existing { get; init; } = ExistingFiles.Delta;

    /// <summary>
    /// Deletes what the snapshot does not have, but for what is in directories that the backup could not read; only with <see cref="ExistingFiles.Delta"/>. A file that
    /// it could not read is not in the snapshot, which does not tell it from one that was not there: who knows that the backup was not complete must not ask for this.
    /// </summary>
    public bool DeleteExtra { get; init; }

    /// <summary>
    /// Files, by path relative to the target, without which nothing takes the target for whole, such as PostgreSQL's
    /// <c>global/pg_control</c>. With <see cref="ExistingFiles.Delta"/> existing ones are removed before anything else changes; all
    /// are written after everything else is durable.
    /// </summary>
    public Func<string, bool>? WriteLast { get; init; }

    /// <summary>What is read and authenticated before the first change of the target.</summary>
    public VerifyFirst VerifyFirst { get; init; }

    /// <summary>
    /// Makes device nodes, which takes root. Without it they are left out, with a warning: a node that a tampered snapshot brings
    /// opens a disk to whoever may read the restored tree. FIFOs and links are always restored, sockets never.
    /// </summary>
    public bool Devices { get; init; }

    public OwnerMap Owners { get; init; } = OwnerMap.Keep;

    /// <summary>Changes names and contents on their way out; null restores what was saved.</summary>
    public IContentTransform? Transform { get; init; }

    /// <summary>
    /// What knows, of a file by its path relative to the target, that a piece of it is not what was saved, without a hash; null where only hashes tell. A piece
    /// that it takes for another one by mistake is read and written anew.
    /// </summary>
    public Func<string, PieceDiffers?>? Differs { get; init; }

    /// <summary>Leaves holes where 64 KiB or more of a new file are zero.</summary>
    public bool Sparse { get; init; } = true;

    /// <summary>
    /// Reads that are under way, and files that are compared, at the same time: enough that neither the cores nor a store that
    /// takes 50 ms for each request has to wait. Memory is at most
    /// <c>Workers × (4 MiB, or the largest stored blob, + 512 KiB) + processors × the largest blob in plain + 60 MiB</c> for plans and trees, and the decoded trees from the
    /// root to the directories at work; of a delta restore <c>Workers × (1 MiB, or the largest blob)</c> more.
    /// </summary>
    public int Workers { get; init; } = Math.Clamp(4 * Environment.ProcessorCount, 8, 16);

    /// <summary>Told from any thread.</summary>
    public Action<RestoreProgress>? OnProgress { get; init; }
}

/// <summary>True when a piece of a file cannot be what was saved.</summary>
/// <param name="piece">What the file has in the place of a blob.</param>
public delegate bool PieceDiffers(ReadOnlySpan<byte> piece);

/// <summary>What happens to files that are in the target already.</summary>
public enum ExistingFiles
{
    /// <summary>They become what the snapshot holds; of a file only the blobs that differ are written, in place.</summary>
    Delta,

    /// <summary>They are never touched: equal content is skipped, anything else is reported as a conflict.</summary>
    AddOnly,
}

/// <summary>What a restore makes sure of before it changes anything.</summary>
public enum VerifyFirst
{
    /// <summary>That trees are whole, and every blob is in the index.</summary>
    Nothing,

    /// <summary>And that all can be read that the target does not have yet, as the hashes of what it has tell.</summary>
    WhatDiffers,

    /// <summary>And that everything can be read, for a target that is going to be put aside.</summary>
    Everything,
}

/// <summary>How far a restore is. Bytes count what is compared equal, too.</summary>
public readonly record struct RestoreProgress(long Files, long TotalFiles, long Bytes, long TotalBytes);
