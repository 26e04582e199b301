using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Tasks;
using StellaOps.Backup.Workers.Tests.Coordination;

namespace StellaOps.Backup.Workers.Tests;

/// <summary>A worker over temporary directories, without a broker: its parts are called directly.</summary>
internal sealed class WorkerBench : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-worker-");
    private readonly WebApplication _app;

    public WorkerBench()
    {
        Directory.CreateDirectory(Source);
        File.WriteAllText(_directory["password"], "correct horse");
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService("evidence-backup");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Location:Url"] = Location,
            ["Secondary:Url"] = Secondary,
            ["Broker:PasswordFile"] = _directory["password"],
            ["Evidence:RepositoryPasswordFile"] = _directory["password"],
            ["Evidence:ScratchDirectory"] = _directory["scratch"],
        });
        builder.AddComponentWorker(1, worker => worker.Handle<ComponentSettings>(Component.Evidence, (_, _) => Handler));
        _app = builder.Build();
    }

    public HeldHandler Handler { get; } = new();

    public string Source => _directory["source"];

    public string Location => _directory["location"];

    public string Secondary => _directory["secondary"];

    public string this[params string[] parts] => _directory[parts];

    public ComponentRepositories Repositories => _app.Services.GetRequiredService<ComponentRepositories>();

    public void Write(string path, string content)
    {
        var full = Path.Combine(Source, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    public Task<string> BackupAsync(bool expectsLocation = false) => BackupAsync(Context(expectsLocation: expectsLocation));

    public async Task<string> BackupAsync(TaskContext context)
    {
        var backup = _app.Services.GetRequiredService<ComponentBackup>();
        await using var saved = await backup.RunAsync(
            context, Component.Evidence, new LocalFileSource([Source]), [Source], TestContext.Current.CancellationToken);
        return saved.Result.Snapshot!.SnapshotId;
    }

    public Task<TaskResult> VerifyAsync(string snapshot, ArchiveSource? source = null) => ExecuteAsync(OperationKind.Verify, task => task with
    {
        Verify = new VerifySpec { PointId = Guid.NewGuid(), PointName = "point", SnapshotId = snapshot, Source = source },
    });

    public Task<TaskResult> ExecuteAsync(ExportSpec export, Guid operation) => ExecuteAsync(OperationKind.Archive, task => task with { Export = export }, operation);

    public Task<TaskResult> ExecuteAsync(ArchiveSpec archive, Guid operation) => ExecuteAsync(OperationKind.Archive, task => task with { Archive = archive }, operation);

    public Task<TaskResult> ForgetAsync(string snapshot, TimeSpan? grace = null) =>
        ExecuteAsync(OperationKind.Delete, task => task with { Forget = new ForgetSpec { SnapshotIds = [snapshot], Grace = grace } });

    public async Task<ReplicateResult> ReplicateAsync(params string[] snapshots) =>
        (await ExecuteAsync(OperationKind.Replicate, task => task with { Replicate = new ReplicateSpec { Copy = snapshots } })).Replicate!;

    public Task<TaskResult> ReplicateToAsync(string locationId, string snapshot) =>
        ExecuteAsync(OperationKind.Replicate, task => task with { Replicate = new ReplicateSpec { LocationId = locationId, Copy = [snapshot] } });

    public async Task<ReplicateResult> DropReplicasAsync(params string[] snapshots) =>
        (await ExecuteAsync(OperationKind.Replicate, task => task with { Replicate = new ReplicateSpec { Drop = snapshots } })).Replicate!;

    /// <summary>Takes or frees a slot, as another task of the worker does.</summary>
    public TaskSlots Slots => _app.Services.GetRequiredService<TaskSlots>();

    public Task<TaskResult> UndeleteAsync(string snapshot) =>
        ExecuteAsync(OperationKind.Undelete, task => task with { Undelete = new UndeleteSpec { SnapshotIds = [snapshot] } });

    public async Task<IReadOnlyList<TrialStep>> TryAsync(long? expectedBytes = null, bool expectsLocation = false) =>
        (await ExecuteAsync(OperationKind.Trial, task => task with { Trial = new TrialSpec { ExpectedBytes = expectedBytes, ExpectsLocation = expectsLocation } })).Trial!.Steps;

    /// <summary>Pack files of the repository, largest first.</summary>
    public IReadOnlyList<string> Packs() =>
        [.. Directory.GetFiles(Path.Combine(Location, "evidence", "data"), "*", SearchOption.AllDirectories).OrderByDescending(file => new FileInfo(file).Length)];

    public static TaskContext Context(Guid? operation = null, bool expectsLocation = false, IReadOnlyList<string>? tags = null) => new()
    {
        OperationId = operation ?? Guid.NewGuid(),
        TaskId = Guid.NewGuid(),
        Attempt = 1,
        Progress = new TaskProgressMeter(TimeProvider.System),
        Log = new SilentLog(),
        SnapshotTags = tags ?? ["stella.component=evidence"],
        ExpectsLocation = expectsLocation,
    };

    /// <summary>The context that a backup has when a worker is told to run it.</summary>
    public static TaskContext BackupContext(Guid task, int attempt) => TaskContexts.Create(
        new RunTask
        {
            TaskId = task,
            OperationId = Guid.NewGuid(),
            Component = Component.Evidence,
            Kind = OperationKind.Backup,
            Attempt = attempt,
            Backup = new BackupSpec { PointId = Guid.NewGuid(), PointName = "point" },
        },
        new TaskProgressMeter(TimeProvider.System),
        new SilentLog());

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _directory.Dispose();
    }

    private Task<TaskResult> ExecuteAsync(OperationKind kind, Func<RunTask, RunTask> specify, Guid? operation = null) =>
        _app.Services.GetRequiredService<ITaskExecutor>().ExecuteAsync(
            specify(new RunTask { TaskId = Guid.NewGuid(), OperationId = Guid.NewGuid(), Component = Component.Evidence, Kind = kind, Attempt = 1 }),
            Context(operation),
            TestContext.Current.CancellationToken);

    private sealed class SilentLog : ITaskLog
    {
        public void Info(string message)
        {
        }

        public void Warning(string message)
        {
        }

        public void Error(string message)
        {
        }
    }
}
