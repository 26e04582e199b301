using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Shows an operation while it runs. Called from one thread at a time; disposed when there is nothing more to show.</summary>
internal interface IProgressView : IAsyncDisposable
{
    /// <summary>A line of the operation's log.</summary>
    void Log(EventView line);

    /// <summary>The operation as it is now.</summary>
    void Update(OperationView operation);

    /// <summary>A remark of the command itself, such as a lost connection.</summary>
    void Remark(string text);
}
