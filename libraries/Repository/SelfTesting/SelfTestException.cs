namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>This machine does not compute what it should: nothing that it writes or restores can be relied on.</summary>
public sealed class SelfTestException(string message) : Exception(message);
