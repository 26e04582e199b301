using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>A durable snapshot of a component, with its repository still open.</summary>
public sealed class SavedComponent : IAsyncDisposable
{
    internal SavedComponent(ComponentRepository opened, ArchiveResult archive, Snapshot? parent, TaskResult result) =>
        (Opened, Archive, Parent, Result) = (opened, archive, parent, result);

    public ComponentRepository Opened { get; }

    public ArchiveResult Archive { get; }

    /// <summary>Snapshot from which unchanged files were taken over.</summary>
    public Snapshot? Parent { get; }

    /// <summary>What the task hands back; the handler adds what only it knows.</summary>
    public TaskResult Result { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Opened.DisposeAsync();
}
