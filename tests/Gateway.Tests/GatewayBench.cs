using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Gateway.Tests;

/// <summary>The gateway in front of a coordinator whose answers the test writes.</summary>
internal sealed class GatewayBench : IAsyncDisposable
{
    private const string Key = "a-key";
    private readonly string _coordinatorUrl = $"http://127.0.0.1:{FreePorts.Next()}";
    private WebApplication? _coordinator;
    private WebApplication? _gateway;

    public HttpClient Client { get; private set; } = null!;

    public static async Task<GatewayBench> StartAsync(Action<WebApplication>? map = null, params (string Key, string Value)[] settings)
    {
        var bench = new GatewayBench();
        if (map is not null)
        {
            await bench.StartCoordinatorAsync(map);
        }

        await bench.StartGatewayAsync(settings);
        return bench;
    }

    public async Task StartCoordinatorAsync(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _coordinator = builder.Build();
        _coordinator.Urls.Add(_coordinatorUrl);
        map(_coordinator);
        await _coordinator.StartAsync(TestContext.Current.CancellationToken);
    }

    public async Task StopCoordinatorAsync()
    {
        await _coordinator!.StopAsync(TestContext.Current.CancellationToken);
        await _coordinator.DisposeAsync();
        _coordinator = null;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _gateway!.StopAsync();
        await _gateway.DisposeAsync();
        if (_coordinator is not null)
        {
            await _coordinator.StopAsync();
            await _coordinator.DisposeAsync();
        }
    }

    private async Task StartGatewayAsync((string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService("gateway");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Gateway:Coordinators:0"] = _coordinatorUrl,
            ["Auth:Keys:0:Subject"] = "operator",
            ["Auth:Keys:0:Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))),
            ["Auth:Keys:0:Scopes:0"] = Scopes.Read,
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        GatewayService.Register(builder);
        _gateway = builder.Build();
        _gateway.UseStellaService();
        GatewayService.Map(_gateway);
        await _gateway.StartAsync(TestContext.Current.CancellationToken);
        Client = new HttpClient { BaseAddress = new Uri(_gateway.Urls.First()) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }
}
