using System.Diagnostics;
using System.Text.Json;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

/// <summary>The worker's own program, as it is deployed, with no broker to talk to: WAL is archived without one.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _log;

    private WorkerProcess(Process process, string log, string address) => (_process, _log, Address) = (process, log, address);

    /// <summary>Where its metrics are.</summary>
    public string Address { get; }

    public string Log => File.Exists(_log) ? File.ReadAllText(_log) : "";

    public static async Task<WorkerProcess> StartAsync(TemporaryDirectory home, PrivatePostgres server, X25519Identity identity, string name, CancellationToken cancellationToken)
    {
        var address = $"http://127.0.0.1:{FreePorts.Next()}";
        await File.WriteAllTextAsync(home["password"], "a password\n", cancellationToken);
        var configuration = home[$"{name}.json"];
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new
        {
            Location = new { Url = home["location"] },
            Worker = new { SelfTest = "KnownAnswers" },
            Broker = new { Host = "127.0.0.1", Port = FreePorts.Next(), PasswordFile = home["password"] },
            Listen = new { Url = address },
            Database = new
            {
                RepositoryPasswordFile = home["password"],
                ScratchDirectory = home["scratch"],
                ConnectionString = server.ConnectionString,
                Wal = new { Enabled = true, Recipients = new[] { identity.Recipient.ToString() }, SpoolDirectory = home[$"spool-{name}"], TailSeconds = 1 },
            },
        }), cancellationToken);
        var log = home[$"{name}.log"];
        var program = Path.Combine(AppContext.BaseDirectory, "StellaOps.Backup.DatabaseBackup");
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$1\" >>\"$2\" 2>&1", "sh", program, log]) { Environment = { ["STELLA_CONFIG"] = configuration } };
        return new WorkerProcess(Process.Start(start)!, log, address);
    }

    public async Task<string> MetricsAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync($"{Address}/metrics", cancellationToken);
    }

    /// <summary>SIGKILL: nothing is flushed, nothing is handed over.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
