using System.Diagnostics;
using MassTransit;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>One asked-for piece of work: the row of the API and the instance of <see cref="OperationStateMachine"/> in one.</summary>
internal sealed class Operation : SagaStateMachineInstance
{
    /// <summary>Id of the operation.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>Name of an <see cref="OperationState"/>; written by the state machine only.</summary>
    public string CurrentState { get; set; } = nameof(OperationState.Accepted);
    public OperationKind Kind { get; init; }

    /// <summary>What it touches; decides with <see cref="Turns"/> what may run beside it.</summary>
    public IReadOnlyList<Component> Components { get; init; } = [];
    public OperationRequest Request { get; init; } = new();

    /// <summary>The point that it makes or uses; null for a verification of many.</summary>
    public Guid? PointId { get; init; }
    public string? PointName { get; init; }

    public string RequestedBy { get; init; } = "";
    public string? IdempotencyKey { get; init; }

    /// <summary>Of what was asked for under the key, SHA-256 in hex; null where nobody could ask for anything else under it, and of older rows.</summary>
    public string? RequestHash { get; init; }

    /// <summary>Id of the RequestBackup message, where one asked.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>W3C trace context of the request; all work of the operation goes on under its trace id.</summary>
    public string TraceParent { get; init; } = "";

    /// <summary>Stage at work, from 1; 0 before the first.</summary>
    public int Stage { get; set; }
    public bool CancelRequested { get; set; }
    public DateTimeOffset AcceptedAt { get; init; }
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>When the last task ended; part of the manifest, so it must not change when sealing is repeated.</summary>
    public DateTimeOffset? SealedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>End of patience for a state in which no task runs (a running task has its own).</summary>
    public DateTimeOffset DeadlineAt { get; set; }

    /// <summary>When the sweep makes the operation look at itself again, in case that a message was lost.</summary>
    public DateTimeOffset ReviewAt { get; set; }
    public Outcome? Outcome { get; set; }
    public ErrorInfo? Error { get; set; }

    /// <summary>PostgreSQL's xmin.</summary>
    public uint RowVersion { get; init; }

    public OperationState State => Enum.Parse<OperationState>(CurrentState);

    public string TraceId => ActivityContext.TryParse(TraceParent, null, out var context) ? context.TraceId.ToHexString() : "";
}
