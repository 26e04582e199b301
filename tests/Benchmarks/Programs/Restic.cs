using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Programs;

/// <summary>restic, with its defaults and a cache of its own.</summary>
internal sealed class Restic(string repository, string cache) : BackupProgram(repository)
{
    private readonly Dictionary<string, string> _environment = new()
    {
        ["RESTIC_PASSWORD"] = Password, ["RESTIC_REPOSITORY"] = repository, ["RESTIC_CACHE_DIR"] = cache,
    };

    public override string Name => "restic";

    public override Task InitAsync(CancellationToken cancellationToken) => RunAsync(["init", "--repository-version", "2"], "/", cancellationToken);

    public override Task<Measurement> BackupAsync(string directory, CancellationToken cancellationToken) =>
        RunAsync(["backup", "."], directory, cancellationToken);

    public override Task<Measurement> VerifyAsync(CancellationToken cancellationToken) => RunAsync(["check", "--read-data"], "/", cancellationToken);

    public override Task<Measurement> RestoreAsync(string target, CancellationToken cancellationToken) =>
        RunAsync(["restore", "latest", "--target", target], "/", cancellationToken);

    private Task<Measurement> RunAsync(string[] arguments, string directory, CancellationToken cancellationToken) =>
        MeasuredProcess.RunAsync(["restic", "--quiet", .. arguments], directory, _environment, cancellationToken);
}
