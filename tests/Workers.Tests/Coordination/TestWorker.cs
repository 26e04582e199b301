using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>A worker whose tasks last as long as the test wants.</summary>
internal sealed class TestWorker : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestWorker(WebApplication app, HeldHandler handler) => (_app, Handler) = (app, handler);

    public HeldHandler Handler { get; }

    public static async Task<TestWorker> StartAsync(BrokerAddress broker, int concurrency = 1)
    {
        var handler = new HeldHandler();
        var builder = TestService.Create("evidence-backup", broker, ("Evidence:RepositoryPasswordFile", broker.PasswordFile));
        builder.AddComponentWorker(concurrency, worker => worker.Handle<ComponentSettings>(Component.Evidence, (_, _) => handler));
        var app = builder.Build();
        app.UseStellaService();
        await app.StartAsync();
        return new TestWorker(app, handler);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Handler.Release();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>Holds each task until the test releases it.</summary>
internal sealed class HeldHandler : IComponentHandler
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private int _stopped;

    public Component Component => Component.Evidence;

    /// <summary>Tasks that run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Tasks whose token was cancelled.</summary>
    public int Stopped => Volatile.Read(ref _stopped);

    public Exception? Failure { get; set; }

    public void Release() => _released.TrySetResult();

    public Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken) =>
        steps.TryAsync("source", _ => Failure is null ? Task.FromResult("it is there") : throw Failure, cancellationToken);

    public async Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _running);
        try
        {
            context.Log.Info("held");
            context.Progress.Begin("read", bytesTotal: 10);
            context.Progress.Add(1, 5);
            await _released.Task.WaitAsync(cancellationToken);
            return Failure is null ? new TaskResult { Outcome = Outcome.Complete } : throw Failure;
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _stopped);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    public Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("a defect");

    public Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("a defect");
}
