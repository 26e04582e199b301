using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Health;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Archives;
using StellaOps.Backup.Workers.Coordination;
using StellaOps.Backup.Workers.Failures;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Scratch;
using StellaOps.Backup.Workers.Secondary;
using StellaOps.Backup.Workers.SelfTesting;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Tasks;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.Workers;

/// <summary>Makes a service a worker.</summary>
public static class WorkerExtensions
{
    /// <summary>
    /// Adds the bus, the announcements and the life of tasks for the components that <paramref name="register"/> names and
    /// the configuration has a section for. Hosted services of the worker itself come after it.
    /// </summary>
    /// <param name="builder">The service, after <c>AddStellaService</c>.</param>
    /// <param name="concurrency">Tasks at the same time where <c>Worker:Concurrency</c> does not say it.</param>
    /// <param name="register">Names the components and their handlers.</param>
    /// <exception cref="BackupException">No section of any of the components is configured.</exception>
    public static WebApplicationBuilder AddComponentWorker(
        this WebApplicationBuilder builder, int concurrency, Action<ComponentWorkerBuilder> register)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(register);
        var worker = new ComponentWorkerBuilder(builder);
        register(worker);
        var components = worker.Build();

        builder.Services.AddSettings<WorkerSettings>(WorkerSettings.Section);
        builder.Services.AddSettings<LocationSettings>(LocationSettings.Section);
        builder.Services.AddSettings<SecondarySettings>(SecondarySettings.Section);
        builder.Services.AddSingleton<IValidateOptions<SecondarySettings>, SecondaryElsewhere>();
        if (!string.IsNullOrEmpty(builder.Configuration[$"{SecondarySettings.Section}:{nameof(SecondarySettings.Url)}"]))
        {
            builder.Services.AddSingleton<IServiceCheck, SecondaryCheck>();
        }

        builder.Services.AddSingleton(components);
        builder.Services.AddSingleton(services =>
            new TaskSlots(services.GetRequiredService<IOptions<WorkerSettings>>().Value.Concurrency ?? concurrency));
        builder.Services.AddSingleton<QueueMembership>();
        builder.Services.AddHealthChecks().AddCheck<QueueMembership>("queue", tags: [HealthAnswer.Ready]);
        builder.Services.AddSingleton<CoordinatorClient>();
        builder.Services.AddSingleton<FailureTable>();
        builder.Services.AddSingleton<RunningTaskFactory>();
        builder.Services.AddSingleton<ComponentRepositories>();
        builder.Services.AddSingleton<LocationElsewhere>();
        builder.Services.AddSingleton<ComponentBackup>();
        builder.Services.AddSingleton<CopyProof>();
        builder.Services.AddSingleton<Verification>();
        builder.Services.AddSingleton<Forgetting>();
        builder.Services.AddSingleton<Undeleting>();
        builder.Services.AddSingleton<ComponentExport>();
        builder.Services.AddSingleton<ArchiveCopy>();
        builder.Services.AddSingleton<BackupTrial>();
        builder.Services.AddSingleton<Replicating>();
        builder.Services.AddSingleton<ITaskExecutor, TaskExecutor>();
        builder.Services.AddSingleton<TaskRunner>();
        builder.Services.AddSingleton<IServiceActivity>(services => services.GetRequiredService<TaskRunner>());

        // Hosted services start one after the other: no task comes before the machine was tested.
        builder.Services.AddSingleton<ScratchRoundTrip>();
        builder.Services.AddHostedService(services => new StartupSelfTest(KnownAnswers.CheckAsync, services.GetRequiredService<ScratchRoundTrip>().RunAsync));

        // And they stop in reverse order: first no new tasks, then the running ones are handed back, then the bus goes.
        builder.AddStellaBus(bus =>
        {
            bus.AddConsumer<RunTaskConsumer>().ExcludeFromConfigureEndpoints();
            bus.AddConsumer<LookConsumer>().ExcludeFromConfigureEndpoints();
            bus.AddReceiveEndpointObserver(services => services.GetRequiredService<QueueMembership>());
        }, LookConsumer.Map);
        builder.AddAnnouncer();
        builder.Services.AddHostedService<ScratchSweep>();
        builder.Services.AddHostedService(services => services.GetRequiredService<TaskRunner>());
        builder.Services.AddHostedService<QueueReader>();
        return builder;
    }
}
