using System.Collections.Concurrent;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>The coordinator's side of the conversation about tasks, with leases in memory.</summary>
internal sealed class TestCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestCoordinator(WebApplication app) => _app = app;

    public TaskTable Tasks => _app.Services.GetRequiredService<TaskTable>();

    public static async Task<TestCoordinator> StartAsync(BrokerAddress broker, TimeSpan? lease = null)
    {
        var builder = TestService.Create("coordinator", broker);
        builder.Services.AddSingleton(new TaskTable(lease ?? TimeSpan.FromSeconds(30)));
        builder.AddStellaBus(bus =>
        {
            bus.AddConsumer<ClaimConsumer>().Endpoint(endpoint => endpoint.Name = Queues.Claims);
            bus.AddConsumer<EndConsumer>().Endpoint(endpoint => endpoint.Name = Queues.Coordinator);
        });
        var app = builder.Build();
        app.UseStellaService();
        await app.StartAsync();
        return new TestCoordinator(app);
    }

    /// <summary>Waits until workers are there.</summary>
    public Task HearsAsync(int workers = 1) => Eventually.HoldsAsync(
        () => Tasks.Announcements.Where(said => said.Components.Count > 0).DistinctBy(said => said.Worker).Count() >= workers, "the workers announce themselves");

    public async Task<RunTask> DispatchAsync(Guid? taskId = null)
    {
        var task = new RunTask
        {
            TaskId = taskId ?? Guid.NewGuid(),
            OperationId = Guid.NewGuid(),
            Component = Component.Evidence,
            Kind = OperationKind.Backup,
            Attempt = 1,
            Backup = new BackupSpec { PointId = Guid.NewGuid(), PointName = "test" },
        };
        await SendAsync(task);
        return task;
    }

    public async Task SendAsync(RunTask task)
    {
        var endpoint = await _app.Services.GetRequiredService<IBus>().GetSendEndpoint(task.Address());
        await endpoint.Send(task);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class ClaimConsumer(TaskTable tasks) : IConsumer<ClaimTask>, IConsumer<TaskHeartbeat>
    {
        public Task Consume(ConsumeContext<ClaimTask> context) => tasks.Claim(context.Message) is { } grant
            ? context.RespondAsync(grant)
            : context.RespondAsync(new ClaimRefused { TaskId = context.Message.TaskId, Reason = "held by another worker" });

        public Task Consume(ConsumeContext<TaskHeartbeat> context) => context.RespondAsync(tasks.Beat(context.Message));
    }

    private sealed class EndConsumer(TaskTable tasks) : IConsumer<TaskFinished>, IConsumer<TaskFailed>, IConsumer<WorkerAnnouncement>
    {
        public Task Consume(ConsumeContext<TaskFinished> context)
        {
            tasks.Finished.Add(context.Message);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<TaskFailed> context)
        {
            tasks.Failed.Add(context.Message);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<WorkerAnnouncement> context)
        {
            tasks.Announcements.Add(context.Message);
            return Task.CompletedTask;
        }
    }
}

/// <summary>What the test coordinator knows.</summary>
internal sealed class TaskTable(TimeSpan lease)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, (string Worker, DateTimeOffset Until, long Fence)> _leases = [];
    private long _fence;

    public ConcurrentBag<TaskFinished> Finished { get; } = [];

    public ConcurrentBag<TaskFailed> Failed { get; } = [];

    public ConcurrentBag<WorkerAnnouncement> Announcements { get; } = [];

    public ConcurrentQueue<TaskHeartbeat> Heartbeats { get; } = [];

    public int Refusals { get; private set; }

    /// <summary>Tasks that a user cancelled.</summary>
    public ConcurrentDictionary<Guid, bool> Cancelled { get; } = [];

    public IEnumerable<string> Holders(IEnumerable<Guid> tasks)
    {
        lock (_gate)
        {
            return [.. tasks.Where(_leases.ContainsKey).Select(task => _leases[task].Worker)];
        }
    }

    public void Hold(Guid task, string worker)
    {
        lock (_gate)
        {
            _leases[task] = (worker, TimeProvider.System.GetUtcNow() + lease, ++_fence);
        }
    }

    public ClaimGranted? Claim(ClaimTask claim)
    {
        lock (_gate)
        {
            var now = TimeProvider.System.GetUtcNow();

            // Whoever holds the lease and asks again did not hear the first answer.
            if (_leases.TryGetValue(claim.TaskId, out var held) && held.Until > now && held.Worker != claim.Worker)
            {
                Refusals++;
                return null;
            }

            _leases[claim.TaskId] = (claim.Worker, now + lease, ++_fence);
            return new ClaimGranted
            {
                TaskId = claim.TaskId,
                Fence = _fence,
                LeaseUntil = now + lease,
                LeaseDuration = lease,
                HeartbeatInterval = TimeSpan.FromSeconds(1),
            };
        }
    }

    public HeartbeatAnswer Beat(TaskHeartbeat heartbeat)
    {
        Heartbeats.Enqueue(heartbeat);
        lock (_gate)
        {
            var cancelled = Cancelled.ContainsKey(heartbeat.TaskId);
            var until = TimeProvider.System.GetUtcNow() + lease;
            var ours = _leases.TryGetValue(heartbeat.TaskId, out var held) && held.Fence == heartbeat.Fence;
            if (ours && !cancelled)
            {
                _leases[heartbeat.TaskId] = held with { Until = until };
            }

            return new HeartbeatAnswer { TaskId = heartbeat.TaskId, Continue = ours && !cancelled, Cancelled = cancelled, LeaseUntil = until };
        }
    }
}
