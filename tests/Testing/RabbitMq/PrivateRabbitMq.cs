using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.RabbitMq;

/// <summary>
/// A RabbitMQ node of the tests' own: own name, data, ports and name server (epmd), with the management plugin. It can be stopped,
/// killed and started again on its data, and leaves nothing behind.
/// </summary>
public sealed class PrivateRabbitMq : IAsyncDisposable
{
    private const string Account = "rabbitmq";
    private const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(300);
    private readonly TemporaryDirectory _home = TemporaryDirectory.InMemory("stella-mq-");
    private readonly int _firstPort = FreePorts.NextRun(5);
    private readonly HttpClient _management;
    private GuardedServer? _names;
    private GuardedServer? _node;

    private PrivateRabbitMq()
    {
        Password = RandomNumberGenerator.GetHexString(24, lowercase: true);
        _management = new HttpClient { BaseAddress = ManagementUrl, Timeout = TimeSpan.FromSeconds(5) };
        _management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Username}:{Password}")));
    }

    /// <summary>Host name.</summary>
    public string Host { get; } = "127.0.0.1";

    /// <summary>AMQP port.</summary>
    public int Port => _firstPort;

    /// <summary>Administrator of the node.</summary>
    public string Username { get; } = "stella";

    /// <summary>Its password.</summary>
    public string Password { get; }

    /// <summary>Management API and pages: <c>http://127.0.0.1:…/</c>.</summary>
    public Uri ManagementUrl => new($"http://{Host}:{ManagementPort}/");

    /// <summary>Directory of the node's data.</summary>
    public string DataDirectory => _home["mnesia"];

    /// <summary>File with everything that the node wrote to its output.</summary>
    public string LogFile => _home["node.log"];

    private int ManagementPort => _firstPort + 1;

    private int DistributionPort => _firstPort + 2;

    private int NamesPort => _firstPort + 3;

    private string PidFile => _home["node.pid"];

    /// <summary>Creates a node and starts it.</summary>
    /// <exception cref="InvalidOperationException">RabbitMQ is not installed or does not start; the message says why.</exception>
    public static async Task<PrivateRabbitMq> StartAsync(CancellationToken cancellationToken = default)
    {
        if (!File.Exists(Server))
        {
            throw new InvalidOperationException("RabbitMQ is not installed; install it: apt-get install rabbitmq-server");
        }

        var node = new PrivateRabbitMq();
        try
        {
            await node.PrepareAsync(cancellationToken);
            await node.StartAgainAsync(cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the node after <see cref="StopAsync"/> or <see cref="KillAsync"/> on the same data, and waits until it answers.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        _node?.Dispose();
        _names ??= GuardedServer.Start(
            ServerAccount.Wrap(Account, "epmd", "-address", Host, "-port", Text(NamesPort)), _home["epmd.log"], environment: Variables());
        _node = GuardedServer.Start(ServerAccount.Wrap(Account, Server), LogFile, environment: Variables());
        await _node.WaitUntilReadyAsync(AnswersAsync, ReadyLimit, cancellationToken);
    }

    /// <summary>Stops the node in an orderly way.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => EndAsync("TERM", cancellationToken);

    /// <summary>Kills the node (SIGKILL).</summary>
    public Task KillAsync(CancellationToken cancellationToken = default) => EndAsync("KILL", cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _management.Dispose();
        if (_node is { HasExited: false })
        {
            await KillAsync();
        }

        _node?.Dispose();
        _names?.Dispose();
        await Task.Run(_home.Dispose);
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var directory in (string[])["mnesia", "log", "home"])
        {
            Directory.CreateDirectory(_home[directory]);
        }

        var cookie = _home["home", ".erlang.cookie"];
        await File.WriteAllTextAsync(cookie, RandomNumberGenerator.GetHexString(20), cancellationToken);
        (await Processes.RunAsync("chmod", ["400", cookie], cancellationToken: cancellationToken)).Checked();
        await File.WriteAllTextAsync(_home["enabled_plugins"], "[rabbitmq_management].\n", cancellationToken);
        await File.WriteAllTextAsync(_home["rabbitmq.conf"], $"""
            listeners.tcp.1 = {Host}:{Port}
            management.tcp.ip = {Host}
            management.tcp.port = {ManagementPort}
            default_user = {Username}
            default_pass = {Password}
            vm_memory_high_watermark.absolute = 512MiB
            disk_free_limit.absolute = 100MB

            """, cancellationToken);
        await ServerAccount.GiveAsync(Account, _home.Path, cancellationToken);
    }

    private Dictionary<string, string?> Variables() => new()
    {
        ["HOME"] = _home["home"],
        ["RABBITMQ_NODENAME"] = $"stella{Port}@localhost",
        ["RABBITMQ_MNESIA_BASE"] = DataDirectory,
        ["RABBITMQ_LOG_BASE"] = _home["log"],
        ["RABBITMQ_CONFIG_FILE"] = _home["rabbitmq.conf"],
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = _home["enabled_plugins"],
        ["RABBITMQ_PID_FILE"] = PidFile,
        ["RABBITMQ_DIST_PORT"] = Text(DistributionPort),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+S 2:2 +sbwt none",
        // An epmd of its own; with the machine's one, nodes of different tests would see one another.
        ["ERL_EPMD_PORT"] = Text(NamesPort),
        ["ERL_EPMD_ADDRESS"] = Host,
    };

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _management.GetAsync("api/health/checks/port-listener/" + Text(Port), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task EndAsync(string signal, CancellationToken cancellationToken)
    {
        if (_node is { HasExited: false } && File.Exists(PidFile))
        {
            var pid = (await File.ReadAllTextAsync(PidFile, cancellationToken)).Trim();
            (await Processes.RunAsync("kill", ["-s", signal, pid], cancellationToken: cancellationToken)).Checked();
            await _node.WaitForExitAsync(cancellationToken);
        }

        _node?.Dispose();
        _node = null;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
