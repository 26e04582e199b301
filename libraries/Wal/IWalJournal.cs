namespace StellaOps.Backup.Wal;

/// <summary>Lines for operators. Never give it a secret. Called from any thread.</summary>
public interface IWalJournal
{
    /// <summary>What happened as it should.</summary>
    void Info(string message);

    /// <summary>What may become a loss.</summary>
    void Warning(string message);

    /// <summary>What is a loss, or stops the archive.</summary>
    void Error(string message);
}
