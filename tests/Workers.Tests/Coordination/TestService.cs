using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting;

namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>How to reach the broker of a test.</summary>
internal sealed record BrokerAddress(string Host, int Port, string VirtualHost, string Username, string PasswordFile);

/// <summary>A service in the process of the test.</summary>
internal static class TestService
{
    public static WebApplicationBuilder Create(string name, BrokerAddress broker, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService(name);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Broker:Host"] = broker.Host,
            ["Broker:Port"] = broker.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Broker:VirtualHost"] = broker.VirtualHost,
            ["Broker:Username"] = broker.Username,
            ["Broker:PasswordFile"] = broker.PasswordFile,
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        return builder;
    }
}
