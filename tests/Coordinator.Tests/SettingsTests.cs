using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Services;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Tests;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("ServiceControl:Services:0:TimeoutSeconds", "0")]
    [InlineData("ServiceControl:Services:0:Helth", "true")]
    [InlineData("Coordinator:LeaseSeconds", "3")]
    [InlineData("Coordinator:LeaseSecond", "60")]
    public async Task A_wrong_setting_is_named_at_the_start_wherever_it_is(string key, string value)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(key, value));
        Assert.StartsWith($"setting {key} is ", Assert.Single(failure.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ServiceControl:Services:0:Components:0", "evidence")]
    [InlineData("ServiceControl:Services:0:TimeoutSeconds", "86400")]
    public Task Settings_that_are_right_are_no_obstacle(string key, string value) => StartAsync(key, value);

    private static async Task StartAsync(string key, string value)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Coordinator:Catalog"] = "Host=catalog",
            ["Coordinator:PointSigningKeyFile"] = "/run/secrets/point-signing",
            ["ServiceControl:Services:0:Name"] = "api",
            ["ServiceControl:Services:0:Systemd"] = "stella-api",
            [key] = value,
        };
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddSettings<CoordinatorSettings>(CoordinatorSettings.Section);
        services.AddSettings<ServiceControlSettings>(ServiceControlSettings.Section);
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
    }
}
