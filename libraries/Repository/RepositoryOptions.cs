using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Keys;

namespace StellaOps.Backup.Repository;

/// <summary>Choices that the format leaves to whoever writes. Readers need none of them.</summary>
public sealed record RepositoryOptions
{
    /// <summary>zstd level of new blobs and files, 1 to 19.</summary>
    public int CompressionLevel { get; init; } = 1;

    /// <summary>Bytes at which a pack of data is closed, and a quarter of them one of trees. 4 KiB to 128 MiB; restic's default is 16 MiB.</summary>
    public int PackTarget { get; init; } = 16 << 20;

    /// <summary>Packs that may be on their way to the store at the same time, 1 to 32.</summary>
    public int Uploads { get; init; } = 2;

    /// <summary>Blobs that are compressed and encrypted at the same time, 1 to 64: no more than there are processors makes it faster.</summary>
    public int Encoders { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 16);

    /// <summary>
    /// Bytes in a second at which blobs go into packs; null for no limit. A limit of the store alone would let whoever reads fill packs in bursts, as fast as the
    /// processors can, and wait between them.
    /// </summary>
    public long? WriteBytesPerSecond { get; init; }

    /// <summary>Packs or files that are read at the same time by check, verify and prune, 1 to 64.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 16);

    /// <summary>Cost of a new password.</summary>
    public KdfParameters Kdf { get; init; } = KdfParameters.Default;

    /// <summary>For a process that opens repositories again and again; null derives the key of the password at each opening.</summary>
    public DerivedKeys? DerivedKeys { get; init; }

    /// <summary>
    /// restic's polynomial for a new repository; null makes one. Taking another repository's lets restic cut files alike in both. Our own cuts
    /// depend on the repository's id, too, and never agree between two.
    /// </summary>
    public ulong? ChunkerPolynomial { get; init; }

    /// <summary>Host that locks and keys name.</summary>
    public string Hostname { get; init; } = Environment.MachineName;

    /// <summary>Account that locks and keys name.</summary>
    public string Username { get; init; } = Environment.UserName;

    /// <summary>How long a lock is tried for while others hold one that excludes it; by default not at all.</summary>
    public TimeSpan LockWait { get; init; }

    /// <summary>
    /// Called whenever a lock was taken, before anyone relies on it; when it throws, the lock is given back. The place to notice that another
    /// repository has taken this one's place since it was opened.
    /// </summary>
    public Func<CancellationToken, Task>? OnLocked { get; init; }

    /// <summary>
    /// Directory for copies of index files, sealed as they are stored, so that only new ones are fetched; null for none, as for local stores.
    /// </summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Told once when the cache cannot be used; the work goes on without it.</summary>
    public Action<string>? OnCacheFailure { get; init; }

    /// <summary><c>stellaops-backup</c> in the user's directory for caches (<c>XDG_CACHE_HOME</c>, else <c>~/.cache</c>); null for a user without.</summary>
    public static string? UsualCacheDirectory =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is ['/', ..] cache ? Path.Combine(cache, "stellaops-backup")
        : Environment.GetEnvironmentVariable("HOME") is ['/', ..] home ? Path.Combine(home, ".cache", "stellaops-backup")
        : null;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Wait between writing an exclusive lock and looking for those that others wrote at the same moment.</summary>
    internal TimeSpan LockSettle { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Bytes at which a pack of this type is closed. Trees are little: their packs of a quarter cost a few more objects, and spare the memory of
    /// large ones in every backup.
    /// </summary>
    internal int PackTargetOf(BlobType type) => type == BlobType.Tree ? PackTarget / 4 : PackTarget;

    /// <exception cref="ArgumentOutOfRangeException">A choice is out of its range.</exception>
    internal void ThrowIfInvalid()
    {
        InRange(CompressionLevel, 1, 19);
        InRange(PackTarget, 4 << 10, 128 << 20);
        InRange(Uploads, 1, 32);
        InRange(Encoders, 1, 64);
        InRange(Readers, 1, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(WriteBytesPerSecond ?? 1, 1, nameof(WriteBytesPerSecond));

        static void InRange(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
        }
    }
}
