using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>The statement that loads and locks one saga row, made once from the mapping.</summary>
internal static class SagaTable<TSaga>
    where TSaga : class, ISaga
{
    private static string? _lockRow;

    public static string LockRow(IModel model) => _lockRow ??= Create(model.FindEntityType(typeof(TSaga))
        ?? throw new InvalidOperationException($"{typeof(TSaga).Name} is not mapped"));

    private static string Create(IEntityType type)
    {
        var key = type.FindProperty(nameof(ISaga.CorrelationId))!.GetColumnName();
        return $"SELECT *, xmin FROM \"{type.GetTableName()}\" WHERE \"{key}\" = {{0}} FOR UPDATE";
    }
}
