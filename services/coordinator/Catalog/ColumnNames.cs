using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>Columns as they are written in SQL by hand: <c>LeaseUntil</c> is <c>lease_until</c>.</summary>
internal static class ColumnNames
{
    public static void UseSnakeCase(ModelBuilder model)
    {
        foreach (var property in model.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            if (property.GetColumnName() != "xmin")
            {
                property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
            }
        }
    }
}
