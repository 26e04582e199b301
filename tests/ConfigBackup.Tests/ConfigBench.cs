using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup.Tests;

/// <summary>The worker's own registration over temporary directories, without a broker: its handler is called directly.</summary>
internal sealed class ConfigBench : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-config-");
    private readonly WebApplication _app;

    public ConfigBench(params (string Key, string Value)[] settings)
    {
        Directory.CreateDirectory(Source);
        File.WriteAllText(_directory["password"], Password + "\n");
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService("config-backup");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Location:Url"] = Location,
            ["Broker:PasswordFile"] = _directory["password"],
            ["Config:RepositoryPasswordFile"] = _directory["password"],
            ["Config:ScratchDirectory"] = Scratch,
            ["Config:Paths:0"] = Source,
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        ConfigWorker.Register(builder);
        _app = builder.Build();
    }

    public const string Password = "correct horse";

    public string Source => _directory["source"];

    public string Location => _directory["location"];

    public string Scratch => _directory["scratch"];

    public IServiceProvider Services => _app.Services;

    public string this[params string[] parts] => _directory[parts];

    public ConfigSettings Settings => Services.GetRequiredService<IOptionsMonitor<ConfigSettings>>().Get(ComponentSettings.Section(Component.Config));

    public IComponentHandler Handler => _app.Services.GetRequiredService<IComponentHandler>();

    public RecordedLog Log { get; } = new();

    public TaskContext Task(Guid? taskId = null, int attempt = 1) => new()
    {
        OperationId = Guid.NewGuid(),
        TaskId = taskId ?? Guid.NewGuid(),
        Attempt = attempt,
        Progress = new TaskProgressMeter(TimeProvider.System),
        Log = Log,
        SnapshotTags = taskId is { } id ? [$"stella.task={id:D}", "stella.component=config"] : ["stella.component=config"],
    };

    public Task<TaskResult> BackupAsync(Guid? taskId = null, int attempt = 1) => Handler.BackupAsync(
        Task(taskId, attempt), new BackupSpec { PointId = Guid.NewGuid(), PointName = "point" }, TestContext.Current.CancellationToken);

    public Task<TaskResult> RestoreAsync(TaskResult backup, bool dryRun = false, string? target = null, bool keepReplaced = false, TaskContext? task = null) => Handler.RestoreAsync(
        task ?? Task(),
        new RestoreSpec
        {
            PointId = Guid.NewGuid(),
            PointName = "point",
            SnapshotId = backup.Snapshot!.SnapshotId,
            DryRun = dryRun,
            TargetDirectory = target,
            KeepReplaced = keepReplaced,
            Incomplete = backup.Snapshot.Outcome == Outcome.Incomplete,
        },
        TestContext.Current.CancellationToken);

    public Task<TaskResult> TestRestoreAsync(TaskResult backup, bool dryRun = false, string? target = null) => Handler.TestRestoreAsync(
        Task(),
        new TestRestoreSpec
        {
            PointId = Guid.NewGuid(),
            PointName = "point",
            SnapshotId = backup.Snapshot!.SnapshotId,
            DryRun = dryRun,
            TargetDirectory = target,
        },
        TestContext.Current.CancellationToken);

    /// <summary>Writes a file of the source.</summary>
    public void Write(string path, string content)
    {
        var full = Path.Combine(Source, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    /// <summary>A copy of the source that nothing changes.</summary>
    public async Task<string> CopySourceAsync()
    {
        (await Processes.RunAsync("cp", ["--archive", Source, _directory["copy"]], cancellationToken: TestContext.Current.CancellationToken)).Checked();
        return _directory["copy"];
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        (await Processes.RunAsync("rm", ["-rf", _directory.Path])).Checked();
        _directory.Dispose();
    }
}
