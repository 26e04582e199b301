using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>Short ways to say how a check ended.</summary>
internal static class CheckResults
{
    public const string Pass = "pass";
    public const string Warn = "warn";
    public const string Fail = "fail";
    public const string Skip = "skip";

    /// <summary>From harmless to bad.</summary>
    public static IReadOnlyList<string> Severity { get; } = [Skip, Pass, Warn, Fail];

    public static CheckResult Result(
        this IServiceCheck check, string status, string message, IReadOnlyList<string>? remedy = null, IReadOnlyDictionary<string, string>? evidence = null) => new()
        {
            Check = check.Id,
            Category = check.Category,
            Subject = check.Subject,
            Status = status,
            Message = message,
            Remedy = remedy ?? [],
            Evidence = evidence ?? new Dictionary<string, string>(),
        };
}
