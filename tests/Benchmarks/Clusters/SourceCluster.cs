using System.Globalization;
using System.Text.RegularExpressions;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>A private cluster that pgbench fills and changes; set up for the peers' needs, too.</summary>
internal sealed partial class SourceCluster : IAsyncDisposable
{
    private const string Clients = "4", Threads = "2";

    // The clients of any version serve every server.
    private readonly string _clientDirectory;

    private SourceCluster(PrivatePostgres server, string clientDirectory) => (Server, _clientDirectory) = (server, clientDirectory);

    public PrivatePostgres Server { get; }

    public string Program(string name) => Path.Combine(_clientDirectory, name);

    public static async Task<SourceCluster> StartAsync(int major, int scale, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>
        {
            ["fsync"] = "on",
            ["shared_buffers"] = "512MB",
            ["max_wal_size"] = "16GB",
            ["checkpoint_timeout"] = "30min",
            ["archive_mode"] = "on",
            ["archive_command"] = "true",
        };
        if (major >= 17)
        {
            settings["summarize_wal"] = "on";
        }

        var cluster = new SourceCluster(
            await PrivatePostgres.StartAsync(major, settings, cancellationToken), await PostgresPrograms.FindAsync(15, cancellationToken));
        await cluster.PgBenchAsync(["-i", "-q", "-s", scale.ToString(CultureInfo.InvariantCulture)], cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);
        PhysicalLimits.ReadAll(Path.Combine(cluster.Server.DataDirectory, "base")); // So that no program is the one to fetch it from the disk.
        return cluster;
    }

    /// <summary>Changes random rows for so many seconds.</summary>
    /// <param name="seconds">How long.</param>
    /// <param name="perSecond">Transactions in a second; null for as many as it can.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Number of transactions.</returns>
    public async Task<long> ChurnAsync(int seconds, int? perSecond, CancellationToken cancellationToken) => (long)Figure(
        Transactions(),
        await PgBenchAsync(["-n", "-c", Clients, "-j", Threads, "-T", $"{seconds}", .. perSecond is { } rate ? ["-R", $"{rate}"] : Array.Empty<string>()], cancellationToken));

    /// <summary>Changes random rows by so many transactions.</summary>
    public async Task ChurnByAsync(long transactions, CancellationToken cancellationToken) =>
        await PgBenchAsync(["-n", "-c", Clients, "-j", Threads, "-t", $"{transactions / int.Parse(Clients, CultureInfo.InvariantCulture)}"], cancellationToken);

    /// <summary>
    /// Latency in seconds of transactions that come at a steady rate: mean of the middle one of the seconds. A disk that is shared and stands still for one of
    /// them would decide the mean of all.
    /// </summary>
    public async Task<double> LatencyAsync(double perSecond, int seconds, CancellationToken cancellationToken)
    {
        var output = await PgBenchAsync(
            ["-n", "-P", "1", "-c", Clients, "-j", "1", "-R", perSecond.ToString("F0", CultureInfo.InvariantCulture), "-T", $"{seconds}"], cancellationToken);
        var each = LatencyOfSecond().Matches(output).Select(second => double.Parse(second.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToArray();
        return each.Length < seconds - 1
            ? throw new BenchmarkException($"pgbench did not say what was asked: {output}")
            : Statistics.Median(each) / 1000;
    }

    public Task CheckpointAsync(CancellationToken cancellationToken) => TextAsync("CHECKPOINT", cancellationToken);

    /// <summary>Runs a statement, however long it takes.</summary>
    /// <returns>Its only value as text.</returns>
    public async Task<string> TextAsync(string sql, CancellationToken cancellationToken) => (await MeasuredProcess.RunAsync(
        Program("psql"), ["-h", Server.SocketDirectory, "-p", $"{Server.Port}", "-U", "postgres", "-AtXqc", sql, "postgres"],
        "/", new Dictionary<string, string>(), cancellationToken)).Trim();

    /// <summary>Copies the data directory as a stopped server leaves it.</summary>
    public async Task CopyStoppedAsync(IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        await Server.StopAsync(cancellationToken: cancellationToken);
        foreach (var target in targets)
        {
            (await Processes.RunAsync("cp", ["-a", "--reflink=never", Server.DataDirectory, target], cancellationToken: cancellationToken)).Checked();
        }

        await Server.StartAgainAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <returns>Output and what it reports meanwhile, which goes to the error stream.</returns>
    private Task<string> PgBenchAsync(string[] arguments, CancellationToken cancellationToken) => MeasuredProcess.RunAsync(
        "sh", ["-c", "exec \"$0\" \"$@\" 2>&1", Program("pgbench"), "-h", Server.SocketDirectory, "-p", $"{Server.Port}", "-U", "postgres", .. arguments, "postgres"],
        "/", new Dictionary<string, string>(), cancellationToken);

    private static double Figure(Regex pattern, string output) => pattern.Match(output) is { Success: true } found
        ? double.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
        : throw new BenchmarkException($"pgbench did not say what was asked: {output}");

    [GeneratedRegex(@"number of transactions actually processed: (\d+)")]
    private static partial Regex Transactions();

    [GeneratedRegex(@"^progress: .* lat ([\d.]+) ms", RegexOptions.Multiline)]
    private static partial Regex LatencyOfSecond();
}
