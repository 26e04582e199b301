using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Health;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Catalog;

internal static class CatalogRegistration
{
    /// <summary>The catalog database, brought to this version's schema before anything else starts.</summary>
    public static WebApplicationBuilder AddCatalog(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(services => CreateDataSource(services.GetRequiredService<IOptions<CoordinatorSettings>>().Value));
        builder.Services.AddDbContext<CatalogContext>((services, options) => options.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddHostedService<CatalogMigrator>();
        builder.Services.AddHealthChecks().AddCheck<CatalogHealthCheck>("catalog", tags: [HealthAnswer.Ready]);
        return builder;
    }

    private static NpgsqlDataSource CreateDataSource(CoordinatorSettings settings)
    {
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(settings.Catalog) { ApplicationName = "stella-coordinator", KeepAlive = 10 };
            if (!string.IsNullOrEmpty(settings.CatalogPasswordFile))
            {
                connection.Password = SecretFile.ReadFirstLine(settings.CatalogPasswordFile, "Coordinator:CatalogPasswordFile");
            }

            return new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();
        }
        catch (ArgumentException e)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"setting Coordinator:Catalog is not a connection string: {e.Message}", "Write it like Host=localhost;Username=stella;Database=stella_catalog.", e);
        }
    }
}
