using Microsoft.Extensions.Options;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.ConfigBackup.Tests;

public sealed class ConfigSettingsTests
{
    [Theory]
    [InlineData("Secrets:Paths:0", "/etc/stella/secrets", "/etc/stella")]
    [InlineData("Keys:Paths:0", "/etc/stella", "/etc/stella/conf")]
    [InlineData("Secrets:Paths:0", "/etc/stella", "/etc/stella/")]
    [InlineData("Secrets:Paths:0", "/etc/stella/secrets", "/etc//stella")]
    public async Task A_path_that_holds_secrets_is_refused(string setting, string secrets, string path)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", path), (setting, secrets));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains("contain one another", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Secrets:IdentityFile")]
    [InlineData("Keys:IdentityFile")]
    [InlineData("Database:Wal:IdentityFile")]
    [InlineData("Config:RepositoryPasswordFile")]
    [InlineData("Evidence:RepositoryPasswordFile")]
    [InlineData("Coordinator:PointSigningKeyFile")]
    [InlineData("Location:CredentialsFile")]
    [InlineData("Location:ArchiveCredentialsFile")]
    [InlineData("Secondary:CredentialsFile")]
    [InlineData("Database:PasswordFile")]
    [InlineData("Broker:PasswordFile")]
    [InlineData("Coordinator:CatalogPasswordFile")]
    [InlineData("Kestrel:Certificates:Default:KeyPath")]
    [InlineData("ServiceControl:Services:1:TokenFile")]
    public async Task A_path_that_holds_what_opens_or_signs_the_backups_is_refused(string setting)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", "/etc/stella"), (setting, "/etc//stella/file"));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains($"/etc/stella contains /etc//stella/file ({setting})", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Location:Url", "")]
    [InlineData("Secondary:Url", "file://")]
    public async Task A_path_that_holds_a_location_is_refused(string setting, string scheme)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", "/srv/stella"), (setting, $"{scheme}/srv/stella/backups"));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains($"contains the location /srv/stella/backups ({setting})", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_counts_is_where_a_path_leads()
    {
        using var home = new TemporaryDirectory("stella-config-");
        Directory.CreateDirectory(home["secrets"]);
        File.CreateSymbolicLink(home["link"], home["secrets"]);
        await using var bench = new ConfigBench(("Config:Paths:0", home["link"]), ("Secrets:Paths:0", home["secrets"]));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains("contain one another", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Secrets:Paths:0", "contain one another")]
    [InlineData("Database:PasswordFile", "a secret of the backup itself")]
    public async Task A_link_that_leads_elsewhere_today_counts_by_its_name(string setting, string expected)
    {
        using var home = new TemporaryDirectory("stella-config-");
        Directory.CreateDirectory(home["etc"]);
        Directory.CreateDirectory(home["elsewhere"]);
        File.CreateSymbolicLink(home["etc", "secrets"], home["elsewhere"]);
        await using var bench = new ConfigBench(("Config:Paths:0", home["etc"]), (setting, home["etc", "secrets"]));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_that_contain_one_another_are_refused()
    {
        await using var bench = new ConfigBench(("Config:Paths:0", "/etc/stella"), ("Config:Paths:1", "/etc/stella/conf"));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains("'/etc/stella' and '/etc/stella/conf' contain one another", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_neighbour_whose_name_begins_the_same_is_accepted()
    {
        await using var bench = new ConfigBench(("Config:Paths:0", "/etc/stella"), ("Secrets:Paths:0", "/etc/stella-secrets"));
        Assert.NotNull(bench.Handler);
    }

    [Theory]
    [InlineData("relative/path", "is not absolute")]
    [InlineData("/etc/../root", "has '.' or '..' in it")]
    [InlineData("/", "the root directory")]
    public async Task A_path_that_cannot_be_saved_is_named_at_the_start(string path, string expected)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", path));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains("Config:Paths", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }
}
