using Microsoft.Extensions.Configuration;
using StellaOps.Backup.Coordinator.Diagnostics;

namespace StellaOps.Backup.Coordinator.Tests.Diagnostics;

public sealed class RedactedSettingsTests
{
    private const string Planted = "pl4nted";

    [Theory]
    [InlineData("Coordinator:Catalog", $"Host=db;Username=c;Password={Planted};Database=catalog")]
    [InlineData("Database:ConnectionString", $"host=db pwd='{Planted}' dbname=x")]
    [InlineData("ServiceControl:Services:0:Start", $"PGPASSWORD={Planted} start-it --now {Planted}")]
    [InlineData("ServiceControl:Services:0:Status", $"https://user:{Planted}@hooks.example/status?sig={Planted}")]
    [InlineData("Location:Url", $"https://{Planted}:{Planted}@store.example/bucket")]
    [InlineData("Auth:Keys:0:Sha256", Planted)]
    [InlineData("Auth:BootstrapKeySha256", Planted)]
    [InlineData("Own:ApiToken", Planted)]
    [InlineData("Own:Secrets:0", Planted)]
    [InlineData("Own:DbPass", Planted)]
    [InlineData("Own:Pwd", Planted)]
    [InlineData("npm_config:_auth", Planted)]
    public void What_could_be_a_secret_is_left_out(string key, string value) =>
        Assert.DoesNotContain(Planted, Of(key, value), StringComparison.Ordinal);

    [Theory]
    [InlineData("Coordinator:CatalogPasswordFile", "/etc/stella/catalog")]
    [InlineData("Evidence:AnchorKeys:0", "/etc/stella/keys")]
    [InlineData("Location:Url", "/var/lib/stellaops/backups")]
    [InlineData("Schedules:JitterSeconds", "120")]
    [InlineData("Auth:Keys:0:Subject", "operator")]
    public void What_helps_stays(string key, string value) => Assert.Equal(value, Of(key, value));

    [Fact]
    public void Host_and_database_of_a_connection_string_stay() =>
        Assert.Equal("Host=db;Password=(redacted);Database=catalog", Of("Coordinator:Catalog", $"Host=db;Password={Planted};Database=catalog"));

    [Theory]
    [InlineData("GITLAB_PAT")]
    [InlineData("SOMEBODYS_VARIABLE")]
    public void The_environment_of_the_process_is_nobodys_business(string name) =>
        Assert.Empty(RedactedSettings.Of(new ConfigurationBuilder().AddInMemoryCollection([new(name, Planted)]).Build()));

    private static string Of(string key, string value) =>
        RedactedSettings.Of(new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build())[key];
}
