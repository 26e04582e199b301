using Microsoft.AspNetCore.Http.HttpResults;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>The answer to every request that starts work.</summary>
internal static class AcceptedAnswer
{
    public static async Task<Accepted<OperationView>> OfAsync(Operation operation, OperationViews views, CancellationToken cancellationToken) =>
        TypedResults.Accepted($"{Routes.Operations}/{operation.CorrelationId}", await views.OfAsync(operation, cancellationToken));
}
