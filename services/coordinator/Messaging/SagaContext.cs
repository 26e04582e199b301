using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// One saga instance for one message. The row is locked when it is loaded, so messages of one operation are handled one
/// after the other, also by several coordinators; the row version (xmin) is the second guard.
/// </summary>
internal sealed class SagaContext<TSaga, T>(
    CatalogContext catalog, ConsumeContext<T> message, ISagaConsumeContextFactory<CatalogContext, TSaga> contexts)
    : ConsumeContextScope<T>(message), SagaRepositoryContext<TSaga, T>
    where TSaga : class, ISaga
    where T : class
{
    private readonly ConsumeContext<T> _message = message;

    public Task<SagaConsumeContext<TSaga, TMessage>> CreateSagaConsumeContext<TMessage>(
        ConsumeContext<TMessage> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where TMessage : class =>
        contexts.CreateSagaConsumeContext(catalog, consumeContext, instance, mode);

    public async Task<SagaConsumeContext<TSaga, T>?> Load(Guid correlationId)
    {
        var instance = await catalog.Set<TSaga>()
            .FromSqlRaw(SagaTable<TSaga>.LockRow(catalog.Model), correlationId)
            .AsTracking()
            .SingleOrDefaultAsync(CancellationToken);
        return instance is null ? null : await contexts.CreateSagaConsumeContext(catalog, _message, instance, SagaConsumeContextMode.Load);
    }

    public Task<SagaConsumeContext<TSaga, T>> Add(TSaga instance) =>
        contexts.CreateSagaConsumeContext(catalog, _message, instance, SagaConsumeContextMode.Add);

    public async Task<SagaConsumeContext<TSaga, T>?> Insert(TSaga instance)
    {
        var entry = catalog.Add(instance);
        try
        {
            await catalog.SaveChangesAsync(CancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Another message was first; EF Core rolled back to its savepoint, so the transaction goes on and Load finds the row.
            entry.State = EntityState.Detached;
            return null;
        }

        return await contexts.CreateSagaConsumeContext(catalog, _message, instance, SagaConsumeContextMode.Insert);
    }

    public Task Save(SagaConsumeContext<TSaga> context)
    {
        catalog.Add(context.Saga);
        return catalog.SaveChangesAsync(CancellationToken);
    }

    public Task Update(SagaConsumeContext<TSaga> context) => catalog.SaveChangesAsync(CancellationToken);

    public Task Delete(SagaConsumeContext<TSaga> context)
    {
        catalog.Remove(context.Saga);
        return catalog.SaveChangesAsync(CancellationToken);
    }

    public Task Discard(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TSaga> context)
    {
        catalog.Entry(context.Saga).State = EntityState.Detached;
        return Task.CompletedTask;
    }
}
