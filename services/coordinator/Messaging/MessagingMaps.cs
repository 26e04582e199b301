using MassTransit.Middleware.Outbox;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StellaOps.Backup.Coordinator.Messaging;

internal sealed class InboxMap : IEntityTypeConfiguration<InboxMessage>
{
    public void Configure(EntityTypeBuilder<InboxMessage> builder)
    {
        builder.ToTable("inbox").HasKey(row => new { row.MessageId, row.ConsumerId });
        builder.HasIndex(row => row.ConsumedAt);
    }
}

internal sealed class OutboxMap : IEntityTypeConfiguration<InMemoryOutboxMessage>
{
    public void Configure(EntityTypeBuilder<InMemoryOutboxMessage> builder)
    {
        builder.ToTable("outbox").HasKey(row => row.SequenceNumber);
        builder.Property(row => row.SequenceNumber).UseIdentityAlwaysColumn();
        builder.Ignore(row => row.EnqueueTime);
    }
}
