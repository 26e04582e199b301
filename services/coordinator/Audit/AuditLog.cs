using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Audit;

/// <summary>The audit log: a chain of rows, each with the SHA-256 of itself and of the row before.</summary>
internal sealed class AuditLog(CatalogContext catalog, TimeProvider clock)
{
    /// <summary>Appends a row to the transaction under way; it is committed with what it tells about, or neither is.</summary>
    public async Task AppendAsync(string who, string action, string subject, string? reason, CancellationToken cancellationToken)
    {
        await catalog.LockAsync(AdvisoryLock.Audit, cancellationToken);
        var last = await catalog.Audit.AsNoTracking().OrderByDescending(row => row.Sequence)
            .Select(row => new { row.Sequence, row.Hash })
            .FirstOrDefaultAsync(cancellationToken);
        var row = new AuditRow
        {
            Sequence = (last?.Sequence ?? 0) + 1,
            At = Microseconds(clock.GetUtcNow()),
            Who = who,
            Action = action,
            Subject = subject,
            Reason = reason,
            TraceId = Activity.Current?.TraceId.ToHexString() ?? "",
            PreviousHash = last?.Hash ?? new byte[SHA256.HashSizeInBytes],
        };
        catalog.Audit.Add(new AuditRow
        {
            Sequence = row.Sequence,
            At = row.At,
            Who = row.Who,
            Action = row.Action,
            Subject = row.Subject,
            Reason = row.Reason,
            TraceId = row.TraceId,
            PreviousHash = row.PreviousHash,
            Hash = HashOf(row),
        });
        await catalog.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Follows the chain from a row on that was reached before.</summary>
    /// <param name="from">Where to go on.</param>
    /// <param name="rows">How many rows at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<AuditPosition> FollowAsync(AuditPosition from, int rows, CancellationToken cancellationToken)
    {
        var at = from;
        var ahead = catalog.Audit.AsNoTracking().Where(row => from.Sequence == 0 || row.Sequence > from.Sequence).OrderBy(row => row.Sequence).Take(rows);
        await foreach (var row in ahead.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (row.Sequence != at.Sequence + 1 || !row.PreviousHash.AsSpan().SequenceEqual(at.Hash) || !row.Hash.AsSpan().SequenceEqual(HashOf(row)))
            {
                return at with { Break = at.Sequence + 1 };
            }

            at = new AuditPosition(row.Sequence, row.Hash, null);
        }

        return at;
    }

    /// <summary>The last row; <see cref="AuditPosition.Start"/> where there is none.</summary>
    public async Task<AuditPosition> NewestAsync(CancellationToken cancellationToken) =>
        await catalog.Audit.AsNoTracking().OrderByDescending(row => row.Sequence)
            .Select(row => new AuditPosition(row.Sequence, row.Hash, null))
            .FirstOrDefaultAsync(cancellationToken) ?? AuditPosition.Start;

    /// <summary>Whether a row that was reached is there as it was: rows at the end can go without breaking the chain.</summary>
    public Task<bool> HasAsync(AuditPosition position, CancellationToken cancellationToken) => position.Sequence == 0
        ? Task.FromResult(true)
        : catalog.Audit.AnyAsync(row => row.Sequence == position.Sequence && row.Hash == position.Hash, cancellationToken);

    private static byte[] HashOf(AuditRow row) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new object?[] { row.Sequence, row.At.ToUnixTimeMilliseconds(), row.Who, row.Action, row.Subject, row.Reason, row.TraceId, Convert.ToHexStringLower(row.PreviousHash) }));

    /// <summary>PostgreSQL keeps microseconds; what is hashed must be what is read back.</summary>
    private static DateTimeOffset Microseconds(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}

/// <summary>How far the chain was followed.</summary>
/// <param name="Sequence">The last row that fits; 0 before the first.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Break">Number of the first row that does not fit; null when none was found.</param>
internal sealed record AuditPosition(long Sequence, byte[] Hash, long? Break)
{
    public static AuditPosition Start { get; } = new(0, new byte[SHA256.HashSizeInBytes], null);
}
