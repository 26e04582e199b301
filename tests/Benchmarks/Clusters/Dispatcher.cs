using System.Collections.Concurrent;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>The coordinator's side of the conversation about tasks: whoever asks gets the task.</summary>
internal sealed class Dispatcher : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Dispatcher(WebApplication app) => _app = app;

    private Board Tasks => _app.Services.GetRequiredService<Board>();

    public static async Task<Dispatcher> StartAsync(PrivateRabbitMq broker, string passwordFile, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService("coordinator");
        builder.Logging.ClearProviders(); // Standard output is for the table.
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Broker:Host"] = broker.Host,
            ["Broker:Port"] = $"{broker.Port}",
            ["Broker:Username"] = broker.Username,
            ["Broker:PasswordFile"] = passwordFile,
        });
        builder.Services.AddSingleton(new Board());
        builder.AddStellaBus(bus =>
        {
            bus.AddConsumer<Claims>().Endpoint(endpoint => endpoint.Name = Queues.Claims);
            bus.AddConsumer<Ends>().Endpoint(endpoint => endpoint.Name = Queues.Coordinator);
        });
        var app = builder.Build();
        app.UseStellaService();
        await app.StartAsync(cancellationToken);
        return new Dispatcher(app);
    }

    /// <summary>True once a worker process has said that it is there.</summary>
    public bool Hears(int processId) => Tasks.Processes.ContainsKey(processId);

    /// <summary>Sends a task and waits for its end.</summary>
    /// <exception cref="BenchmarkException">It failed.</exception>
    public async Task<TaskResult> RunAsync(RunTask task, CancellationToken cancellationToken)
    {
        var end = Tasks.Ends.GetOrAdd(task.TaskId, _ => new TaskCompletionSource<TaskResult>(TaskCreationOptions.RunContinuationsAsynchronously));
        var endpoint = await _app.Services.GetRequiredService<IBus>().GetSendEndpoint(task.Address());
        await endpoint.Send(task, cancellationToken);
        return await end.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class Board
    {
        private long _fence;

        public ConcurrentDictionary<Guid, TaskCompletionSource<TaskResult>> Ends { get; } = [];

        public ConcurrentDictionary<int, bool> Processes { get; } = [];

        public long NextFence() => Interlocked.Increment(ref _fence);
    }

    private sealed class Claims(Board board, TimeProvider clock) : IConsumer<ClaimTask>, IConsumer<TaskHeartbeat>
    {
        private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

        public Task Consume(ConsumeContext<ClaimTask> context) => context.RespondAsync(new ClaimGranted
        {
            TaskId = context.Message.TaskId,
            Fence = board.NextFence(),
            LeaseUntil = clock.GetUtcNow() + Lease,
            LeaseDuration = Lease,
            HeartbeatInterval = TimeSpan.FromSeconds(5),
        });

        public Task Consume(ConsumeContext<TaskHeartbeat> context)
        {
            foreach (var said in context.Message.Events)
            {
                Console.Error.WriteLine($"    {said.Message}");
            }

            return context.RespondAsync(new HeartbeatAnswer { TaskId = context.Message.TaskId, Continue = true, LeaseUntil = clock.GetUtcNow() + Lease });
        }
    }

    private sealed class Ends(Board board) : IConsumer<TaskFinished>, IConsumer<TaskFailed>, IConsumer<WorkerAnnouncement>
    {
        public Task Consume(ConsumeContext<TaskFinished> context)
        {
            board.Ends[context.Message.TaskId].TrySetResult(context.Message.Result);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<TaskFailed> context)
        {
            var error = context.Message.Error;
            board.Ends[context.Message.TaskId].TrySetException(new BenchmarkException($"the worker failed: {error.Message} ({error.Hint})"));
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<WorkerAnnouncement> context)
        {
            board.Processes[context.Message.ProcessId] = context.Message.Components.Count > 0;
            return Task.CompletedTask;
        }
    }
}
