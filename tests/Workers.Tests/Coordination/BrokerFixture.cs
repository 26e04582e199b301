using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>One broker for a class, which its tests may kill and start again; each test has a virtual host of its own.</summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new("stella-workers-");
    private int _hosts;

    public PrivateRabbitMq Node { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Node = await PrivateRabbitMq.StartAsync();
        await File.WriteAllTextAsync(_directory["password"], Node.Password);
    }

    internal async Task<BrokerAddress> NewHostAsync()
    {
        var name = $"test-{Interlocked.Increment(ref _hosts)}";
        using var management = new HttpClient { BaseAddress = Node.ManagementUrl };
        management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Node.Username}:{Node.Password}")));
        (await management.PutAsJsonAsync($"api/vhosts/{name}", new { })).EnsureSuccessStatusCode();
        (await management.PutAsJsonAsync($"api/permissions/{name}/{Node.Username}", new { configure = ".*", write = ".*", read = ".*" })).EnsureSuccessStatusCode();
        return new BrokerAddress(Node.Host, Node.Port, name, Node.Username, _directory["password"]);
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _directory.Dispose();
    }
}
