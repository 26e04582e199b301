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

    /// <summary>Follows the chain from its start.</summary>
    /// <returns>Number of the first row that does not fit; null when all do.</returns>
    public async Task<long?> FindBreakAsync(CancellationToken cancellationToken)
    {
        var previous = new byte[SHA256.HashSizeInBytes];
        long expected = 1;
        await foreach (var row in catalog.Audit.AsNoTracking().OrderBy(row => row.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (row.Sequence != expected || !row.PreviousHash.AsSpan().SequenceEqual(previous) || !row.Hash.AsSpan().SequenceEqual(HashOf(row)))
            {
                return expected;
            }

            previous = row.Hash;
            expected++;
        }

        return null;
    }

    private static byte[] HashOf(AuditRow row) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new object?[] { row.Sequence, row.At.ToUnixTimeMilliseconds(), row.Who, row.Action, row.Subject, row.Reason, row.TraceId, Convert.ToHexStringLower(row.PreviousHash) }));

    /// <summary>PostgreSQL keeps microseconds; what is hashed must be what is read back.</summary>
    private static DateTimeOffset Microseconds(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
