using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Programs;

/// <summary>Ours, through its command line.</summary>
internal sealed class Stella(string program, string repository, string passwordFile) : BackupProgram(repository)
{
    public override string Name => "stella";

    public override async Task InitAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(passwordFile, Password, cancellationToken);
        File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await RunAsync("init", [], "/", cancellationToken);
    }

    public override Task<Measurement> BackupAsync(string directory, CancellationToken cancellationToken) =>
        RunAsync("backup", [directory], directory, cancellationToken);

    public override Task<Measurement> VerifyAsync(CancellationToken cancellationToken) => RunAsync("verify", [], "/", cancellationToken);

    public override Task<Measurement> RestoreAsync(string target, CancellationToken cancellationToken) =>
        RunAsync("restore", ["latest", "--target", target], "/", cancellationToken);

    private Task<Measurement> RunAsync(string command, string[] arguments, string directory, CancellationToken cancellationToken) =>
        MeasuredProcess.RunAsync(
            [program, "repo", command, "--repo", Repository, "--password-file", passwordFile, .. arguments],
            directory, new Dictionary<string, string>(), cancellationToken);
}
