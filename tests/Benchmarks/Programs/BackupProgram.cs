using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Programs;

/// <summary>A program that keeps repositories. All work on the one repository that it was made for, and save the directory where they run.</summary>
internal abstract class BackupProgram(string repository)
{
    protected const string Password = "a password for measuring";

    public abstract string Name { get; }

    public string Repository => repository;

    public abstract Task InitAsync(CancellationToken cancellationToken);

    public abstract Task<Measurement> BackupAsync(string directory, CancellationToken cancellationToken);

    /// <summary>Reads and proves all data.</summary>
    public abstract Task<Measurement> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Restores the newest snapshot.</summary>
    public abstract Task<Measurement> RestoreAsync(string target, CancellationToken cancellationToken);
}
