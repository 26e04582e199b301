using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.DatabaseBackup.Tests.Settings;

public sealed class DatabaseSettingsTests
{
    [Theory]
    [InlineData("Database:Wal:Enable", "true", "Database:Wal:Enable")]
    [InlineData("Database:Migrations:TimeoutMinutes", "0", "Database:Migrations:TimeoutMinutes")]
    [InlineData("Database:TestQueries:0:Database", "stellaops", "Database:TestQueries:0:Sql")]
    [InlineData("Database:EvidenceReferences:Sql", "SELECT 1", "Database:EvidenceReferences:Database")]
    public async Task A_wrong_setting_of_a_group_is_named_at_the_start(string key, string value, string named)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = "Host=postgres",
            ["Database:RepositoryPasswordFile"] = "/run/secrets/repository-database",
            [key] = value,
        };
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddNamedSettings<DatabaseSettings>("Database");
        await using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.StartsWith($"setting {named} is ", Assert.Single(failure.Failures), StringComparison.Ordinal);
    }
}
