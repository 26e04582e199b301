using System.Runtime.CompilerServices;
using System.Text.Json;
using StellaOps.Backup.Testing.Machine;
using Xunit;

namespace StellaOps.Backup.Testing.Stack;

/// <summary>
/// A whole running system, as <c>deploy/local/up</c> gives it to a newcomer, in a directory and on ports of its own. Nothing
/// of it is replaced by a double: tests look at it as operators do, through <c>stella</c>, files and PostgreSQL.
/// </summary>
public sealed class LocalStack : IAsyncLifetime
{
    /// <summary>Root directory of the source tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The setting that lets the schedules start what is due.</summary>
    public const string Scheduled = "STELLAOPS_BACKUP__Schedules__Enabled";

    /// <summary>The setting that makes workers start quickly: a test starts many, and each on the same machine.</summary>
    private const string SelfTest = "STELLAOPS_BACKUP__Worker__SelfTest";

    private static readonly Dictionary<string, string?> Nothing = [];
    private readonly TemporaryDirectory _home = new("stella-e2e-");
    private readonly int _ports = FreePorts.NextRun(40);

    /// <summary>Variables of the stack's <c>env</c> file.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    /// <summary>Data directory of the stack.</summary>
    public string Data => _home["data"];

    /// <summary>Root directory of the backup location.</summary>
    public string Location => Environment["STELLA_LOCATION"];

    /// <summary>Command line of the operators.</summary>
    public StellaCli Stella => new(this);

    /// <summary>What is protected.</summary>
    public Platform Platform => new(this);

    /// <summary>A directory for what a test makes; goes with the stack.</summary>
    public string Scratch(string name) => Directory.CreateDirectory(_home["tests", name]).FullName;

    /// <summary>Starts what does not run: the first start, and the repair after a test killed something.</summary>
    public Task UpAsync(CancellationToken cancellationToken) => UpAsync(Nothing, cancellationToken);

    /// <summary>Starts what does not run, with more settings, as variables.</summary>
    public Task UpAsync(IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken) => UpAsync(settings, firstBackup: false, cancellationToken);

    /// <summary>The first start, with more settings.</summary>
    /// <param name="settings">Those.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="firstBackup">Takes, verifies and proves the point <c>first</c>, as for a newcomer.</param>
    public async Task StartAsync(IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken, bool firstBackup = false)
    {
        // The accounts of PostgreSQL and RabbitMQ have to get through.
        File.SetUnixFileMode(_home.Path, File.GetUnixFileMode(_home.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await UpAsync(settings, firstBackup, cancellationToken);
        Environment = await ReadEnvironmentAsync();
    }

    /// <summary>Stops everything.</summary>
    public async Task DownAsync(CancellationToken cancellationToken) => (await ScriptAsync("down", ["--data", Data], Nothing, cancellationToken)).Checked();

    /// <summary>Stops everything and starts it with more settings, as variables.</summary>
    /// <param name="settings">Those.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="firstBackup">As at the first start.</param>
    public async Task RestartAsync(IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken, bool firstBackup = false)
    {
        await DownAsync(cancellationToken);
        await UpAsync(settings, firstBackup, cancellationToken);
    }

    /// <summary>
    /// The machine is gone, and another one has its place: a new stack that has nothing of the old one but the passwords of the repositories and of the
    /// platform's own accounts, and a custodian's identity.
    /// </summary>
    public async Task LoseAsync(IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken)
    {
        const string keep = """
            mv "$1" "$1.lost"
            mkdir -m 700 -p "$1/credentials" "$1/custodian" && chmod 755 "$1"
            cp -p "$1.lost"/credentials/repository-* "$1.lost"/credentials/platform-* "$1/credentials"
            cp -p "$1.lost/custodian/identity.txt" "$1/custodian"
            rm -r "$1.lost"
            """;
        await DownAsync(cancellationToken);
        (await Processes.RunAsync("bash", ["-ec", keep, "keep", Data], cancellationToken: cancellationToken)).Checked();
        await UpAsync(settings, cancellationToken);
        Environment = await ReadEnvironmentAsync();

        // The locker of a new installation is empty; that of a new sample has evidence of its own, under the same names.
        foreach (var folder in Directory.GetDirectories(Platform.DirectoryOf("evidence")))
        {
            Directory.Delete(folder, recursive: true);
        }

        File.Delete(Path.Combine(Platform.DirectoryOf("evidence"), "index.json"));
    }

    private async Task UpAsync(IReadOnlyDictionary<string, string?> settings, bool firstBackup, CancellationToken cancellationToken) =>
        (await ScriptAsync("up", ["--data", Data, "--ports", $"{_ports}", .. firstBackup ? Array.Empty<string>() : ["--no-first-backup"]], settings, cancellationToken)).Checked();

    /// <summary>The configuration of the stack.</summary>
    public async Task<JsonElement> SettingsAsync(CancellationToken cancellationToken) =>
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "config.json"), cancellationToken)).RootElement;

    /// <summary>Address of the coordinator itself, with its metrics.</summary>
    public async Task<string> CoordinatorAsync(CancellationToken cancellationToken) =>
        (await SettingsAsync(cancellationToken)).GetProperty("Gateway").GetProperty("Coordinators")[0].GetString()!;

    /// <summary>Process id of a service of the stack.</summary>
    public int ProcessId(string service) =>
        int.Parse(File.ReadAllText(Path.Combine(Environment["STELLA_PIDS"], $"{service}.pid")).Trim(), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Kills a service (SIGKILL), with the processes that it started, as a power failure of its machine would.</summary>
    public async Task KillAsync(string service, CancellationToken cancellationToken) =>
        (await ScriptAsync("service", ["--data", Data, "kill", service], Nothing, cancellationToken)).Checked();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => await StartAsync(Nothing, CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ScriptAsync("down", ["--data", Data, "--purge", "--yes"], Nothing, CancellationToken.None);
        _home.Dispose();
    }

    /// <summary>Nothing starts by itself unless a setting says so: what a test finds, a test has started. Only a newcomer's first start tests the machine as a whole. Leases are short: tests kill workers, and wait for the next one.</summary>
    private static Task<ProcessResult> ScriptAsync(string script, string[] arguments, IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken) => Processes.RunAsync(
        Path.Combine(Root, "deploy/local", script), arguments, new Dictionary<string, string?>(settings)
        {
            [Scheduled] = settings.GetValueOrDefault(Scheduled, "false"),
            [SelfTest] = arguments.Contains("--no-first-backup") ? "KnownAnswers" : null,
            ["STELLAOPS_BACKUP__Coordinator__LeaseSeconds"] = "15",
            ["STELLAOPS_BACKUP__Coordinator__HeartbeatSeconds"] = "1",
            ["STELLAOPS_BACKUP__Coordinator__SweepSeconds"] = "1",
        },
        workingDirectory: Root, cancellationToken: cancellationToken);

    private async Task<Dictionary<string, string>> ReadEnvironmentAsync()
    {
        // The file is for shells: a shell reads it.
        var printed = (await Processes.RunAsync("bash", ["-c", "env -i bash -c 'set -a; . \"$0\"; env -0' \"$0\"", Path.Combine(Data, "env")])).Checked();
        return printed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
