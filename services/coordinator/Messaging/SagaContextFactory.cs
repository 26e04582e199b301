using MassTransit;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>Saga instances as rows of the catalog. A message that is consumed already has its transaction from <see cref="InboxFilter"/>.</summary>
internal sealed class SagaContextFactory<TSaga>(CatalogContext catalog, ISagaConsumeContextFactory<CatalogContext, TSaga> contexts)
    : ISagaRepositoryContextFactory<TSaga>, IQuerySagaRepositoryContextFactory<TSaga>, ILoadSagaRepositoryContextFactory<TSaga>
    where TSaga : class, ISaga
{
    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TSaga, T>> next)
        where T : class =>
        next.Send(new SagaContext<TSaga, T>(catalog, context, contexts));

    public async Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TSaga> query, IPipe<SagaRepositoryQueryContext<TSaga, T>> next)
        where T : class
    {
        var ids = await catalog.Set<TSaga>().AsNoTracking()
            .Where(query.FilterExpression)
            .Select(saga => saga.CorrelationId)
            .ToListAsync(context.CancellationToken);
        var repository = new SagaContext<TSaga, T>(catalog, context, contexts);
        await next.Send(new DefaultSagaRepositoryQueryContext<TSaga, T>(repository, ids));
    }

    public Task<T> Execute<T>(Func<QuerySagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken)
        where T : class =>
        asyncMethod(new SagaReadContext<TSaga>(catalog, cancellationToken));

    public Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken)
        where T : class =>
        asyncMethod(new SagaReadContext<TSaga>(catalog, cancellationToken));

    public void Probe(ProbeContext context) => context.CreateScope("catalog");
}
