using System.Globalization;
using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Programs;

/// <summary>borg with zstd 3, the level that restic's default amounts to.</summary>
internal sealed class Borg(string repository, string home) : BackupProgram(repository)
{
    private readonly Dictionary<string, string> _environment = new() { ["BORG_PASSPHRASE"] = Password, ["BORG_BASE_DIR"] = home };
    private int _archives;

    public override string Name => "borg";

    public override Task InitAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(home);
        return RunAsync(["init", "--encryption", "repokey-blake2", Repository], "/", cancellationToken);
    }

    public override Task<Measurement> BackupAsync(string directory, CancellationToken cancellationToken)
    {
        _archives++;
        return RunAsync(["create", "--compression", "zstd,3", Archive, "."], directory, cancellationToken);
    }

    public override Task<Measurement> VerifyAsync(CancellationToken cancellationToken) =>
        RunAsync(["check", "--verify-data", Repository], "/", cancellationToken);

    public override Task<Measurement> RestoreAsync(string target, CancellationToken cancellationToken) =>
        RunAsync(["extract", Archive], Directory.CreateDirectory(target).FullName, cancellationToken);

    private string Archive => string.Create(CultureInfo.InvariantCulture, $"{Repository}::{_archives}");

    private Task<Measurement> RunAsync(string[] arguments, string directory, CancellationToken cancellationToken) =>
        MeasuredProcess.RunAsync(["borg", .. arguments], directory, _environment, cancellationToken);
}
