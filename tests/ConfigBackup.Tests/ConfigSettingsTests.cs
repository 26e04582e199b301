using Microsoft.Extensions.Options;

namespace StellaOps.Backup.ConfigBackup.Tests;

public sealed class ConfigSettingsTests
{
    [Theory]
    [InlineData("Secrets:Paths:0", "/etc/stella/secrets", "/etc/stella")]
    [InlineData("Keys:Paths:0", "/etc/stella", "/etc/stella/conf")]
    [InlineData("Secrets:Paths:0", "/etc/stella", "/etc/stella/")]
    public async Task A_path_that_holds_secrets_is_refused(string setting, string secrets, string path)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", path), (setting, secrets));
        var refused = Assert.Throws<OptionsValidationException>(() => bench.Handler);
        Assert.Contains("contain one another", refused.Message, StringComparison.Ordinal);
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
