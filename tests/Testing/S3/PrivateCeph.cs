using System.Security.Cryptography;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.S3;

/// <summary>
/// Ceph with its S3 gateway, of the tests' own: one monitor, one store in memory, one gateway, on private ports. It leaves
/// nothing behind.
/// </summary>
public sealed class PrivateCeph : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(120);
    private readonly TemporaryDirectory _home = new("stella-s3-");
    private readonly int _port = FreePorts.NextRun(3);
    private readonly List<GuardedServer> _servers = [];

    private PrivateCeph()
    {
    }

    /// <summary>The S3 gateway: <c>http://127.0.0.1:…/</c>.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{_port}/");

    /// <summary>Access key id of an account with all rights.</summary>
    public string AccessKey { get; } = "STELLA" + RandomNumberGenerator.GetHexString(14);

    /// <summary>Its secret key.</summary>
    public string SecretKey { get; } = RandomNumberGenerator.GetHexString(40);

    /// <summary>Creates a cluster and starts it.</summary>
    /// <exception cref="InvalidOperationException">Ceph is not installed or does not start; the message says why.</exception>
    public static async Task<PrivateCeph> StartAsync(CancellationToken cancellationToken = default)
    {
        foreach (var (program, package) in (IEnumerable<(string, string)>)[("ceph-mon", "ceph-mon"), ("ceph-osd", "ceph-osd"), ("radosgw", "radosgw"), ("ceph", "ceph-common")])
        {
            if (Processes.Find(program) is null)
            {
                throw new InvalidOperationException($"{program} is not installed; install it: apt-get install --no-install-recommends {package}");
            }
        }

        var ceph = new PrivateCeph();
        try
        {
            await ceph.PrepareAsync(cancellationToken);
            await ceph.StartServersAsync(cancellationToken);
            return ceph;
        }
        catch
        {
            await ceph.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var i = _servers.Count - 1; i >= 0; i--)
        {
            await Task.Run(_servers[i].Dispose);
        }

        _home.Dispose();
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var directory in (string[])["mon", "osd", "run", "log"])
        {
            Directory.CreateDirectory(_home[directory]);
        }

        var id = Guid.NewGuid().ToString();
        var keyring = _home["keyring"];
        await File.WriteAllTextAsync(_home["ceph.conf"], CephConfiguration.Text(_home.Path, id, _port), cancellationToken);
        await RunAsync("ceph-authtool", ["--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"], cancellationToken);
        await RunAsync("ceph-authtool", [keyring, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *"], cancellationToken);
        await RunAsync("ceph-authtool", [keyring, "--gen-key", "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"], cancellationToken);
        await RunAsync("ceph-authtool", [keyring, "--gen-key", "-n", "client.rgw", "--cap", "mon", "allow *", "--cap", "osd", "allow *"], cancellationToken);
        await RunAsync("monmaptool", ["--create", "--addv", "a", $"[v2:127.0.0.1:{_port + 1},v1:127.0.0.1:{_port + 2}]", "--fsid", id, _home["monmap"]], cancellationToken);
        await RunAsync("ceph-mon", [.. Configured, "--mkfs", "-i", "a", "--keyring", keyring, "--monmap", _home["monmap"]], cancellationToken);
    }

    private async Task StartServersAsync(CancellationToken cancellationToken)
    {
        Start("ceph-mon", [.. Configured, "-i", "a", "-f"]);
        var store = Guid.NewGuid().ToString(); // The monitor and the store itself have to agree on it.
        await RunAsync("ceph", [.. Configured, "osd", "new", store, "0"], cancellationToken);
        await RunAsync("ceph", [.. Configured, "auth", "import", "-i", _home["keyring"]], cancellationToken);
        await RunAsync("ceph-osd", [.. Configured, "-i", "0", "--mkfs", "--osd-uuid", store], cancellationToken);
        Start("ceph-osd", [.. Configured, "-i", "0", "-f"]);
        var gateway = Start("radosgw", [.. Configured, "-n", "client.rgw", "-f"]);
        using var http = new HttpClient { BaseAddress = Endpoint, Timeout = TimeSpan.FromSeconds(5) };
        await gateway.WaitUntilReadyAsync(token => AnswersAsync(http, token), ReadyLimit, cancellationToken);
        await RunAsync(
            "radosgw-admin", [.. Configured, "user", "create", "--uid=stella", "--display-name=stella", $"--access-key={AccessKey}", $"--secret-key={SecretKey}"],
            cancellationToken);
    }

    private string[] Configured => ["-c", _home["ceph.conf"]];

    private GuardedServer Start(string program, string[] arguments)
    {
        var server = GuardedServer.Start([Processes.Find(program)!, .. arguments], _home["log", program], stopSignal: "KILL");
        _servers.Add(server);
        return server;
    }

    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync("", cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReadyLimit);
        (await Processes.RunAsync(Processes.Find(program)!, arguments, cancellationToken: limit.Token)).Checked();
    }
}
