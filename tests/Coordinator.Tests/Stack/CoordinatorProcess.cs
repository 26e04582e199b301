using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>A real coordinator process. It can be killed at any moment and started again.</summary>
internal sealed class CoordinatorProcess : IAsyncDisposable
{
    private static readonly (string Subject, string Key, string[] Scopes)[] People =
    [
        ("tester", "a-key-of-the-tests", [Scopes.Read, Scopes.Run, Scopes.Restore, Scopes.Admin]),
        ("second", "another-key-of-the-tests", [Scopes.Read, Scopes.Run, Scopes.Restore, Scopes.Admin]),
        ("runner", "a-key-of-who-takes-backups", [Scopes.Read, Scopes.Run]),
    ];
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(3);
    private readonly Dictionary<string, string?> _environment;
    private readonly string _logFile;
    private GuardedServer? _server;

    public CoordinatorProcess(IReadOnlyDictionary<string, string?> settings, string directory, string name = "coordinator")
    {
        var url = $"http://127.0.0.1:{FreePorts.Next()}";
        _logFile = Path.Combine(directory, $"{name}.log");
        PidFile = Path.Combine(directory, $"{name}.pid");
        _environment = settings.ToDictionary(setting => $"STELLAOPS_BACKUP__{setting.Key.Replace(":", "__", StringComparison.Ordinal)}", setting => setting.Value);
        _environment["STELLAOPS_BACKUP__Listen__Url"] = url;
        foreach (var (at, (subject, key, scopes)) in People.Index())
        {
            var prefix = $"STELLAOPS_BACKUP__Auth__Keys__{at}__";
            _environment[$"{prefix}Subject"] = subject;
            _environment[$"{prefix}Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
            foreach (var (i, scope) in scopes.Index())
            {
                _environment[$"{prefix}Scopes__{i}"] = scope;
            }
        }

        (Http, SecondPerson, Runner) = (Client(url, People[0].Key), Client(url, People[1].Key), Client(url, People[2].Key));
    }

    /// <summary>As who asks in most tests, <c>tester</c>.</summary>
    public HttpClient Http { get; }

    /// <summary>As somebody else, <c>second</c>.</summary>
    public HttpClient SecondPerson { get; }

    /// <summary>As who may take backups and prove them, and no more: <c>runner</c>.</summary>
    public HttpClient Runner { get; }

    public bool HasExited => _server?.HasExited ?? true;

    private string PidFile { get; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server?.Dispose();

        // The shell writes down the id that the coordinator then has.
        string[] command = ["/bin/sh", "-c", "echo $$ > \"$0\"; exec \"$@\"", PidFile, "dotnet", typeof(CoordinatorSettings).Assembly.Location];
        _server = GuardedServer.Start(command, _logFile, "KILL", _environment);
        await _server.WaitUntilReadyAsync(IsReadyAsync, ReadyLimit, cancellationToken);
    }

    public async Task KillAsync()
    {
        if (_server is { HasExited: false } server)
        {
            using var process = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(PidFile), CultureInfo.InvariantCulture));
            process.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    public async Task<string> LogAsync() => File.Exists(_logFile) ? await File.ReadAllTextAsync(_logFile) : "";

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _server?.Dispose();
        Http.Dispose();
        SecondPerson.Dispose();
        Runner.Dispose();
    }

    private static HttpClient Client(string url, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(url), Timeout = ReadyLimit };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"{Routes.Operations}?page_size=1", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
