using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Operations;

/// <summary>Every event in every state, for a backup of one component.</summary>
public sealed class OperationStateMachineTests(PostgresFixture postgres)
{
    [Theory(Timeout = 300_000)]
    [InlineData(OperationState.Accepted, typeof(ReviewOperation), OperationState.Running)]
    [InlineData(OperationState.Accepted, typeof(CancelOperation), OperationState.Finished)]
    [InlineData(OperationState.Accepted, typeof(TaskFinished), OperationState.Accepted)]
    [InlineData(OperationState.Accepted, typeof(TaskFailed), OperationState.Accepted)]
    [InlineData(OperationState.Accepted, typeof(OperationSealed), OperationState.Accepted)]
    [InlineData(OperationState.Running, typeof(ReviewOperation), OperationState.Running)]
    [InlineData(OperationState.Running, typeof(CancelOperation), OperationState.Running)]
    [InlineData(OperationState.Running, typeof(TaskFinished), OperationState.Sealing)]
    [InlineData(OperationState.Running, typeof(TaskFailed), OperationState.Finished)]
    [InlineData(OperationState.Running, typeof(OperationSealed), OperationState.Running)]
    [InlineData(OperationState.Sealing, typeof(ReviewOperation), OperationState.Sealing)]
    [InlineData(OperationState.Sealing, typeof(CancelOperation), OperationState.Sealing)]
    [InlineData(OperationState.Sealing, typeof(TaskFinished), OperationState.Sealing)]
    [InlineData(OperationState.Sealing, typeof(TaskFailed), OperationState.Sealing)]
    [InlineData(OperationState.Sealing, typeof(OperationSealed), OperationState.Finished)]
    [InlineData(OperationState.Finished, typeof(ReviewOperation), OperationState.Finished)]
    [InlineData(OperationState.Finished, typeof(CancelOperation), OperationState.Finished)]
    [InlineData(OperationState.Finished, typeof(TaskFinished), OperationState.Finished)]
    [InlineData(OperationState.Finished, typeof(TaskFailed), OperationState.Finished)]
    [InlineData(OperationState.Finished, typeof(OperationSealed), OperationState.Finished)]
    public async Task Each_event_leads_where_the_table_says(OperationState from, Type happens, OperationState to)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await ArrangeAsync(harness, from, token);
        await harness.Bus.StartAsync(token);

        await SendAsync(harness, Message(happens, task), token);

        Assert.Equal(to, (await harness.OperationAsync(task.OperationId, token)).State);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(OperationState.Accepted)]
    [InlineData(OperationState.Sealing)]
    public async Task A_state_that_waits_ends_at_its_deadline(OperationState state)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await ArrangeAsync(harness, state, token);
        await harness.Bus.StartAsync(token);
        harness.Clock.Advance(TimeSpan.FromHours(25));

        await SendAsync(harness, Message(typeof(ReviewOperation), task), token);

        var operation = await harness.OperationAsync(task.OperationId, token);
        Assert.Equal(Outcome.Failed, operation.Outcome);
        Assert.Equal(ErrorCodes.DeadlinePassed.Code, operation.Error!.Code);
    }

    /// <summary>The deletion of an archived point is such a one.</summary>
    [Theory(Timeout = 300_000)]
    [InlineData(typeof(ReviewOperation), "operation.deadline-passed")]
    [InlineData(typeof(CancelOperation), "operation.cancelled")]
    public async Task An_operation_without_tasks_that_ends_before_its_turn_has_failed(Type happens, string error)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var deletion = await AcceptDeletionAsync(harness, token);
        await harness.Bus.StartAsync(token);
        harness.Clock.Advance(TimeSpan.FromHours(25));

        await SendAsync(harness, happens == typeof(CancelOperation) ? Cancel(deletion) : new ReviewOperation { OperationId = deletion }, token);

        var ended = await harness.OperationAsync(deletion, token);
        Assert.Equal((Outcome.Failed, error), (ended.Outcome, ended.Error?.Code));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_deletion_does_not_start_before_it_is_known_what_the_location_protects()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var deletion = await AcceptDeletionAsync(harness, token);
        await harness.Bus.StartAsync(token);
        await SendAsync(harness, new ReviewOperation { OperationId = deletion }, token);
        Assert.Equal(OperationState.Accepted, (await harness.OperationAsync(deletion, token)).State);
        harness.Services.GetRequiredService<RebuildGate>().Open();

        await SendAsync(harness, new ReviewOperation { OperationId = deletion }, token);

        Assert.Equal(OperationState.Sealing, (await harness.OperationAsync(deletion, token)).State);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(OperationKind.Delete)]
    [InlineData(OperationKind.Retention)]
    public async Task What_may_not_drop_anything_yet_holds_up_no_backup(OperationKind kind)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var dropping = await AcceptDroppingAsync(harness, kind, token, Component.Evidence);
        harness.Clock.Advance(TimeSpan.FromSeconds(1));
        var task = await ArrangeAsync(harness, OperationState.Accepted, token);
        await harness.Bus.StartAsync(token);

        await SendAsync(harness, new ReviewOperation { OperationId = dropping }, token);
        await SendAsync(harness, new ReviewOperation { OperationId = task.OperationId }, token);

        Assert.Equal(OperationState.Accepted, (await harness.OperationAsync(dropping, token)).State);
        Assert.Equal(OperationState.Running, (await harness.OperationAsync(task.OperationId, token)).State);
        harness.Services.GetRequiredService<RebuildGate>().Open();
        await SendAsync(harness, new ReviewOperation { OperationId = dropping }, token);
        Assert.Equal(OperationState.Accepted, (await harness.OperationAsync(dropping, token)).State);
        await harness.SetStateAsync(task.OperationId, OperationState.Finished, token);
        await SendAsync(harness, new ReviewOperation { OperationId = dropping }, token);
        Assert.NotEqual(OperationState.Accepted, (await harness.OperationAsync(dropping, token)).State);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_waits_for_its_seal_hears_that_it_is_not_wanted_any_more()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await ArrangeAsync(harness, OperationState.Sealing, token);
        await harness.Bus.StartAsync(token);

        await SendAsync(harness, Cancel(task.OperationId), token);

        Assert.True((await harness.OperationAsync(task.OperationId, token)).CancelRequested);
    }

    /// <summary>The sweep may queue a task again while the operation is being cancelled.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_cancel_that_missed_a_task_can_be_repeated()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var task = await harness.QueueTaskAsync(token);
        await harness.InAsync((CatalogContext catalog) => catalog.Operations.ExecuteUpdateAsync(
            set => set.SetProperty(row => row.StartedAt, harness.Clock.GetUtcNow()).SetProperty(row => row.CancelRequested, true), token));
        await harness.InAsync((OperationCancellation cancellation) => cancellation.CancelAsync(task.OperationId, "tester", token));
        var message = Assert.Single(await harness.OutgoingAsync<CancelOperation>(token));
        await harness.Bus.StartAsync(token);

        await SendAsync(harness, message, token);

        Assert.Equal(ErrorCodes.Cancelled.Code, (await harness.TaskAsync(task.OperationId, token)).Error?.Code);
    }

    /// <summary>A deletion that has no task.</summary>
    private static Task<Guid> AcceptDeletionAsync(CatalogHarness harness, CancellationToken cancellationToken) => AcceptDroppingAsync(harness, OperationKind.Delete, cancellationToken);

    private static async Task<Guid> AcceptDroppingAsync(CatalogHarness harness, OperationKind kind, CancellationToken cancellationToken, params Component[] components)
    {
        var now = harness.Clock.GetUtcNow();
        var operation = new Operation
        {
            CorrelationId = Guid.NewGuid(), Kind = kind, Components = components, PointId = Guid.NewGuid(), PointName = "p", RequestedBy = "tester",
            AcceptedAt = now, DeadlineAt = now.AddHours(24), ReviewAt = now,
        };
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            catalog.Operations.Add(operation);
            await catalog.SaveChangesAsync(cancellationToken);
        });
        return operation.CorrelationId;
    }

    private static CancelOperation Cancel(Guid operation) => new() { OperationId = operation, RequestedBy = "tester" };

    /// <summary>An operation in a state, its task claimed under fence 1 where it runs.</summary>
    private static async Task<TaskRow> ArrangeAsync(CatalogHarness harness, OperationState state, CancellationToken cancellationToken)
    {
        if (state == OperationState.Accepted)
        {
            await harness.AnnounceAsync(Component.Evidence);
            var accepted = await harness.AcceptBackupAsync("night", cancellationToken);
            return await harness.TaskAsync(accepted.CorrelationId, cancellationToken);
        }

        var task = await harness.QueueTaskAsync(cancellationToken);
        await harness.InAsync((TaskClaims claims) => claims.ClaimAsync(new ClaimTask { TaskId = task.Id, Worker = "w" }, Guid.NewGuid(), cancellationToken));
        await harness.InAsync((CatalogContext catalog) => catalog.Operations.ExecuteUpdateAsync(
            set => set.SetProperty(row => row.StartedAt, harness.Clock.GetUtcNow()), cancellationToken));
        if (state is OperationState.Sealing or OperationState.Finished)
        {
            await harness.InAsync((TaskBoard board) => board.FinishAsync((TaskFinished)Message(typeof(TaskFinished), task), cancellationToken));
            await harness.InAsync((CatalogContext catalog) => catalog.Operations.ExecuteUpdateAsync(
                set => set.SetProperty(row => row.SealedAt, harness.Clock.GetUtcNow()), cancellationToken));
        }

        await harness.SetStateAsync(task.OperationId, state, cancellationToken);
        return task;
    }

    private static object Message(Type type, TaskRow task) => type.Name switch
    {
        nameof(ReviewOperation) => new ReviewOperation { OperationId = task.OperationId },
        nameof(CancelOperation) => Cancel(task.OperationId),
        nameof(OperationSealed) => new OperationSealed { OperationId = task.OperationId },
        nameof(TaskFailed) => new TaskFailed
        {
            TaskId = task.Id,
            OperationId = task.OperationId,
            Fence = 1,
            Worker = "w",
            Error = new BackupException(ErrorCodes.SourceDamaged, "a page is damaged").ToInfo(),
        },
        _ => Samples.Finished(task, fence: 1),
    };

    /// <summary>Sends, and waits until the message's transaction is committed.</summary>
    private static async Task SendAsync(CatalogHarness harness, object message, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        var endpoint = await harness.Bus.GetSendEndpoint(Queues.Address(Queues.Coordinator));
        await endpoint.Send(message, message.GetType(), Pipe.Execute<SendContext>(send => send.MessageId = id), cancellationToken);
        while (!await harness.InAsync((CatalogContext catalog) => catalog.Inbox.AnyAsync(row => row.MessageId == id, cancellationToken)))
        {
            await Task.Delay(20, cancellationToken);
        }
    }
}
