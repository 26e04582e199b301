using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>Shows how far the work is. Called by one thread at a time.</summary>
internal interface IWorkView : IAsyncDisposable
{
    TimeSpan Every { get; }

    void Show(TaskProgress progress);
}
