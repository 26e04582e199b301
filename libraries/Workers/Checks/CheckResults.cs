using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Workers.Checks;

/// <summary>Results of checks.</summary>
public static class CheckResults
{
    public static CheckResult Pass(IServiceCheck check, string message) => Result(check, "pass", message, []);

    /// <param name="check">The check.</param>
    /// <param name="message">What is wrong, and why.</param>
    /// <param name="remedy">Commands to copy and paste.</param>
    public static CheckResult Fail(IServiceCheck check, string message, params string[] remedy) => Result(check, "fail", message, remedy);

    /// <param name="check">The check.</param>
    /// <param name="message">What is not as it should be.</param>
    /// <param name="remedy">Commands to copy and paste.</param>
    public static CheckResult Warn(IServiceCheck check, string message, params string[] remedy) => Result(check, "warn", message, remedy);

    /// <param name="check">The check.</param>
    /// <param name="message">Why there is nothing to look at.</param>
    public static CheckResult Skip(IServiceCheck check, string message) => Result(check, "skip", message, []);

    private static CheckResult Result(IServiceCheck check, string status, string message, string[] remedy)
    {
        ArgumentNullException.ThrowIfNull(check);
        return new CheckResult { Check = check.Id, Category = check.Category, Subject = check.Subject, Status = status, Message = message, Remedy = remedy };
    }
}
