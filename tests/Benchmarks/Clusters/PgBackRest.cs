using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>pgBackRest as our repository is: compressed by zstd, encrypted, as many processes as the machine has cores.</summary>
internal sealed class PgBackRest(string directory, PrivatePostgres server)
{
    private readonly string _configuration = Path.Combine(directory, "pgbackrest.conf");

    public string Repository { get; } = Path.Combine(directory, "repo");

    /// <summary>Names of all backups, oldest first: <c>20260116-020000F</c>, <c>20260116-020000F_20260117-020000I</c> ...</summary>
    public IReadOnlyList<string> Backups =>
        [.. new DirectoryInfo(Path.Combine(Repository, "backup", "main")).EnumerateDirectories("*-*").Select(backup => backup.Name).Order(StringComparer.Ordinal)];

    /// <summary>Makes an empty repository.</summary>
    public async Task InitAsync(CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["repo", "log", "lock", "spool"])
        {
            Directory.CreateDirectory(Path.Combine(directory, name));
        }

        await File.WriteAllTextAsync(_configuration, $"""
            [global]
            repo1-path={Repository}
            repo1-cipher-type=aes-256-cbc
            repo1-cipher-pass=a-password-for-measuring
            repo1-retention-full=9
            log-path={directory}/log
            lock-path={directory}/lock
            spool-path={directory}/spool
            compress-type=zst
            compress-level=3
            process-max={Environment.ProcessorCount}
            start-fast=y
            log-level-console=warn
            archive-check=n
            [main]
            pg1-path={server.DataDirectory}
            pg1-port={server.Port}
            pg1-socket-path={server.SocketDirectory}
            pg1-user=postgres

            """, cancellationToken);
        await RunAsync(["--no-online", "stanza-create"], cancellationToken);
    }

    public Task<Measurement> FullAsync(CancellationToken cancellationToken) => RunAsync(["--type=full", "backup"], cancellationToken);

    public Task<Measurement> IncrementalAsync(CancellationToken cancellationToken) => RunAsync(["--type=incr", "backup"], cancellationToken);

    /// <summary>Restores the newest backup to a directory that is empty.</summary>
    public Task<Measurement> RestoreAsync(string target, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target, (UnixFileMode)0b111_000_000);
        return RunAsync([$"--pg1-path={target}", "restore"], cancellationToken);
    }

    /// <summary>Brings a data directory back to one of the backups.</summary>
    public Task<Measurement> RestoreOverAsync(string target, string backup, CancellationToken cancellationToken) =>
        RunAsync([$"--pg1-path={target}", "--delta", $"--set={backup}", "restore"], cancellationToken);

    private Task<Measurement> RunAsync(string[] arguments, CancellationToken cancellationToken) => MeasuredProcess.RunAsync(
        ["pgbackrest", $"--config={_configuration}", "--stanza=main", .. arguments], "/", new Dictionary<string, string>(), cancellationToken);
}
