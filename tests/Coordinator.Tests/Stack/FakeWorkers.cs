using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>
/// All workers in one bus: real MassTransit consumers on the real queues that claim, beat and report as workers do, and do no
/// work. What a task ends with is the test's choice.
/// </summary>
internal sealed class FakeWorkers : IAsyncDisposable
{
    public const string Name = "fake@test:1:1";

    /// <summary>Announced when a test says so.</summary>
    public const string SecondCluster = "analytics";
    private static readonly TimeSpan ClaimLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReturnDelay = TimeSpan.FromMilliseconds(500);
    private readonly ServiceProvider _services;
    private readonly IBusControl _bus;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _again = new(0);
    private Task _announcing = Task.CompletedTask;

    private FakeWorkers(ServiceProvider services)
    {
        _services = services;
        _bus = services.GetRequiredService<IBusControl>();
    }

    /// <summary>The services of the product with their components.</summary>
    public static IReadOnlyDictionary<string, Component[]> Services { get; } =
        Components.All.GroupBy(component => component.Queue()).ToDictionary(queue => queue.Key, queue => queue.ToArray());

    public IBus Bus => _bus;

    /// <summary>Commands that came, in order, with copies.</summary>
    public ConcurrentQueue<RunTask> Commands { get; } = new();

    /// <summary>Events that were published when backups ended.</summary>
    public ConcurrentQueue<BackupFinished> FinishedBackups { get; } = new();

    /// <summary>What the database workers announce of their clusters.</summary>
    public IReadOnlyList<ClusterAnnouncement> Clusters { get; set; } = [];

    /// <summary>What a worker sees that looks now; null when it does not answer.</summary>
    public Func<CheckResult>? Seen { get; set; } = Connected;

    /// <summary>False: commands come, and no task is claimed, as where all workers are busy.</summary>
    public bool Takes { get; set; } = true;

    /// <summary>What a claimed task does; by default it ends well at once.</summary>
    public Func<FakeTask, Task> Work { get; set; } = FinishAsync;

    public static async Task<FakeWorkers> StartAsync(BrokerAddress rabbit, string virtualHost, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Error));
        FakeWorkers? workers = null;
        services.AddMassTransit(bus => bus.UsingRabbitMq((_, transport) =>
        {
            transport.Host(rabbit.Host, (ushort)rabbit.Port, virtualHost, host =>
            {
                host.Username(rabbit.Username);
                host.Password(rabbit.Password);
            });
            transport.ConfigureJsonSerializerOptions(json =>
            {
                json.Converters.Add(new JsonStringEnumConverter());
                return json;
            });
            foreach (var queue in Components.All.Select(component => component.Queue(null)).Append(Component.Database.Queue(SecondCluster)).Distinct())
            {
                transport.ReceiveEndpoint(queue, endpoint =>
                {
                    BusExtensions.UseQuorumQueue(endpoint);
                    endpoint.Handler<RunTask>(context => workers!.TakeAsync(context));
                });
            }

            transport.ReceiveEndpoint(new TemporaryEndpointDefinition("look"), KebabCaseEndpointNameFormatter.Instance, endpoint =>
                endpoint.Handler<LookNow>(context => workers!.LookAsync(context)));
            transport.ReceiveEndpoint("pipeline", endpoint =>
            {
                BusExtensions.UseQuorumQueue(endpoint);
                endpoint.Handler<BackupFinished>(context =>
                {
                    workers!.FinishedBackups.Enqueue(context.Message);
                    return Task.CompletedTask;
                });
            });
        }));
        workers = new FakeWorkers(services.BuildServiceProvider());
        await workers._bus.StartAsync(cancellationToken);
        workers._announcing = workers.KeepAnnouncingAsync(workers._stopping.Token);
        return workers;
    }

    public async Task<Response<ClaimGranted, ClaimRefused>> ClaimAsync(Guid taskId, string worker, CancellationToken cancellationToken) =>
        await _bus.CreateRequestClient<ClaimTask>(Queues.Address(Queues.Claims), ClaimLimit)
            .GetResponse<ClaimGranted, ClaimRefused>(new ClaimTask { TaskId = taskId, Worker = worker }, cancellationToken);

    public async Task SendToCoordinatorAsync<T>(T message, CancellationToken cancellationToken, Guid? messageId = null)
        where T : class
    {
        var endpoint = await _bus.GetSendEndpoint(Queues.Address(Queues.Coordinator));
        await endpoint.Send(message, send => send.MessageId = messageId ?? send.MessageId, cancellationToken);
    }

    /// <summary>Announces other clusters, now.</summary>
    public void Announce(params ClusterAnnouncement[] clusters)
    {
        Clusters = clusters;
        _again.Release();
    }

    /// <summary>Forgets what came, and does what is asked from now on.</summary>
    public void Clear()
    {
        Commands.Clear();
        FinishedBackups.Clear();
        (Takes, Work, Seen, Clusters) = (true, FinishAsync, Connected, []);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _announcing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _again.Dispose();
        await _bus.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private static Task FinishAsync(FakeTask task) => task.FinishAsync();

    /// <summary>As a worker does: claim, acknowledge, then work apart from the delivery.</summary>
    private async Task TakeAsync(ConsumeContext<RunTask> context)
    {
        Commands.Enqueue(context.Message);
        if (!Takes)
        {
            return;
        }

        Response<ClaimGranted, ClaimRefused> answer;
        try
        {
            answer = await ClaimAsync(context.Message.TaskId, Name, context.CancellationToken);
        }
        catch (RequestException)
        {
            // The coordinator is being killed: back to the end of the queue.
            await Task.Delay(ReturnDelay, context.CancellationToken);
            await context.Forward(context.Message.Address());
            return;
        }

        if (answer.Is<ClaimGranted>(out var granted))
        {
            var task = new FakeTask(this, context.Message, granted.Message);
            _ = Task.Run(() => Work(task));
        }
    }

    /// <summary>Says every few seconds that all components are configured here.</summary>
    private async Task KeepAnnouncingAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var (service, components) in Services)
            {
                await _bus.Publish(Announcement(service, components, Connected()), cancellationToken);
            }

            await _again.WaitAsync(TimeSpan.FromSeconds(2), cancellationToken);
        }
    }

    private async Task LookAsync(ConsumeContext<LookNow> context)
    {
        if (Seen is { } see)
        {
            await Task.WhenAll(Services.Select(service => context.RespondAsync(Announcement(service.Key, service.Value, see()))));
        }
    }

    private static CheckResult Connected() => new() { Check = "check.postgres.connectivity", Status = "pass", Message = "connected" };

    private WorkerAnnouncement Announcement(string service, Component[] components, CheckResult seen) => new()
    {
        Worker = $"{service}@test:1:1",
        Service = service,
        Host = "test",
        ProcessId = 1,
        Version = "1.0",
        StartedAt = DateTimeOffset.UnixEpoch,
        Components = components,
        Clusters = service == "database-backup" ? Clusters : [],
        Checks = service == "database-backup" ? [seen] : [],
    };
}
