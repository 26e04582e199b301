using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.SecretsBackup.Tests;

/// <summary>A host with secrets, a location, and a custodian, all in one temporary directory.</summary>
internal sealed class SecretsSite : IDisposable
{
    public const string Password = "repository password";
    private readonly TemporaryDirectory _directory = new("secrets-");

    public SecretsSite()
    {
        File.WriteAllText(_directory["password"], Password + "\n");
        Directory.CreateDirectory(Source);
        Settings = new SecretsSettings
        {
            RepositoryPasswordFile = _directory["password"],
            ScratchDirectory = _directory["scratch"],
            Paths = [Source],
            Recipients = [Custodian.ToString()],
            IdentityFile = _directory["identity"],
        };
    }

    public SecretsSettings Settings { get; }

    public X25519Identity Custodian { get; } = X25519Identity.Generate();

    public RecordedLog Log { get; } = new();

    public string Source => _directory["source"];

    public string Location => _directory["location"];

    public string? Secondary { get; set; }

    public string IdentityFile => _directory["identity"];

    public ResticProgram Restic => new(Path.Combine(Location, "secrets"), Password);

    /// <summary>
    /// A clock a minute ahead: the engine takes a file for unchanged only when it was a few seconds old when its parent was taken.
    /// </summary>
    public TimeProvider Clock { get; } = new ClockAhead(TimeSpan.FromMinutes(1));

    public string this[params string[] parts] => _directory[parts];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Writes a file below the source, readable for its owner.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(Source, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public void BringIdentity(X25519Identity? identity = null) =>
        File.WriteAllText(IdentityFile, (identity ?? Custodian).Export() + "\n");

    public async Task<TaskResult> BackupAsync(TaskContext? context = null)
    {
        if (!Directory.Exists(Location) && Settings.Recipients.Count > 0)
        {
            await using var created = await CreateRepositoryAsync();
        }

        return await Handler().BackupAsync(context ?? Context(), new BackupSpec { PointId = Guid.NewGuid(), PointName = "p" }, Cancellation);
    }

    /// <summary>Creates the repository with a password that costs little to check.</summary>
    public Task<ResticRepository> CreateRepositoryAsync() => ResticRepository.InitAsync(
        new PrefixStore(ObjectStoreFactory.Open(Location), "secrets"), Password, new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1) }, Cancellation);

    /// <summary>Content of a file of the source in each snapshot, as a list of blobs.</summary>
    public async Task<IReadOnlyList<string>> SavedBlobsAsync(string name)
    {
        await using var repository = await ResticRepository.OpenAsync(new PrefixStore(ObjectStoreFactory.Open(Location), "secrets"), Password, null, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        List<string> contents = [];
        await foreach (var snapshot in repository.ListSnapshotsAsync(Cancellation))
        {
            var file = await new TreeReader(repository.Blobs).FindAsync(snapshot.Tree, $"{Source}/{name}", Cancellation);
            contents.Add(string.Join(' ', file!.Content));
        }

        return contents;
    }

    public Task<TaskResult> RestoreAsync(TaskResult backup, string? target = null, bool keep = false, TaskContext? context = null, bool dryRun = false) =>
        RestoreAsync(backup.Snapshot!.SnapshotId, target, keep, context, dryRun);

    public Task<TaskResult> RestoreAsync(string snapshot, string? target = null, bool keep = false, TaskContext? context = null, bool dryRun = false) =>
        Handler().RestoreAsync(
            context ?? Context(),
            new RestoreSpec { PointId = Guid.NewGuid(), PointName = "p", SnapshotId = snapshot, TargetDirectory = target, KeepReplaced = keep, DryRun = dryRun },
            Cancellation);

    public Task<TaskResult> TestRestoreAsync(string snapshot, string? target = null, bool dryRun = false) =>
        Handler().TestRestoreAsync(
            Context(), new TestRestoreSpec { PointId = Guid.NewGuid(), PointName = "p", SnapshotId = snapshot, TargetDirectory = target, DryRun = dryRun }, Cancellation);

    public TaskContext Context(int attempt = 1) => Context(Guid.NewGuid(), attempt);

    public TaskContext Context(Guid taskId, int attempt = 1) => new()
    {
        OperationId = Guid.NewGuid(),
        TaskId = taskId,
        Attempt = attempt,
        Progress = new TaskProgressMeter(TimeProvider.System),
        Log = Log,
        SnapshotTags = ["stella.component=secrets", $"stella.task={taskId:D}"],
    };

    public SecretsHandler Handler() => new(
        Component.Secrets,
        Settings,
        Repositories(),
        new LocationElsewhere(Options.Create(new LocationSettings { Url = Location }), Options.Create(new SecondarySettings { Url = Secondary })),
        Clock);

    public Task<ComponentRepository> OpenAsync() => Repositories().OpenAsync(Component.Secrets, Cancellation);

    public void Dispose() => _directory.Dispose();

    private ComponentRepositories Repositories()
    {
        var services = new ServiceCollection()
            .AddSingleton(Clock)
            .Configure<LocationSettings>(location => location.Url = Location)
            .Configure<ComponentSettings>("Secrets", section => section.RepositoryPasswordFile = Settings.RepositoryPasswordFile)
            .BuildServiceProvider();
        return ActivatorUtilities.CreateInstance<ComponentRepositories>(services);
    }
}

/// <summary>The system's clock, shifted.</summary>
internal sealed class ClockAhead(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
}

/// <summary>Keeps every line.</summary>
internal sealed class RecordedLog : ITaskLog
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = [];

    public string Text => string.Join('\n', _lines);

    public void Info(string message) => _lines.Enqueue(message);
    public void Warning(string message) => _lines.Enqueue(message);
    public void Error(string message) => _lines.Enqueue(message);
}
