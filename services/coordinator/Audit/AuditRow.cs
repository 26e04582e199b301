using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StellaOps.Backup.Coordinator.Audit;

/// <summary>Who did what, when, and why. Rows are never changed or deleted: a trigger refuses it, and the chain of hashes shows it.</summary>
internal sealed class AuditRow
{
    public long Sequence { get; init; }
    public DateTimeOffset At { get; init; }
    public string Who { get; init; } = "";

    /// <summary><c>backup</c>, <c>restore</c>, <c>delete</c>, <c>cancel</c>, <c>service.stop</c> ...</summary>
    public string Action { get; init; } = "";

    /// <summary>Point, operation or service that it was done to.</summary>
    public string Subject { get; init; } = "";

    /// <summary>What was asked for beyond the subject, and why: <c>to s3://offsite/stella; INC-4711</c>.</summary>
    public string? Reason { get; init; }
    public string TraceId { get; init; } = "";

    /// <summary>Hash of the row before; 32 zero bytes for the first.</summary>
    public byte[] PreviousHash { get; init; } = [];
    public byte[] Hash { get; init; } = [];
}

internal sealed class AuditMap : IEntityTypeConfiguration<AuditRow>
{
    public void Configure(EntityTypeBuilder<AuditRow> builder)
    {
        builder.ToTable("audit").HasKey(row => row.Sequence);
        builder.Property(row => row.Sequence).ValueGeneratedNever();
    }
}
