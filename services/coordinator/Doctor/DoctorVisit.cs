using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Identity;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>Runs the coordinator's checks now and adds the last results that the workers announced.</summary>
internal sealed class DoctorVisit(CheckRunner own, IEnumerable<IServiceCheck> ownChecks, WorkerDirectory workers, ServiceIdentity identity, TimeProvider clock)
{
    /// <summary>Checks that only workers run; they have a name here even while no worker is there.</summary>
    private static readonly IReadOnlyList<string> OfWorkers = ["check.evidencelocker.index", "check.postgres.connectivity", "check.postgres.wal"];

    public async Task<DoctorReport> ExamineAsync(DoctorRequest request, CancellationToken cancellationToken)
    {
        var rows = (await workers.AllAsync(cancellationToken)).Where(row => row.Service != identity.Service).ToList();
        var known = ownChecks.Select(check => check.Id)
            .Concat(OfWorkers)
            .Concat(rows.SelectMany(row => row.Announcement.Checks).Select(check => check.Check))
            .ToHashSet(StringComparer.Ordinal);
        RequireKnown(request.Checks, known);

        var wanted = request.All || request.Checks.Count == 0 ? known : [.. request.Checks];
        var now = clock.GetUtcNow();
        var results = (await own.RunOnceAsync(cancellationToken))
            .Concat(rows.Where(row => row.IsLive(now)).SelectMany(row => row.Announcement.Checks.Select(check => check with { Subject = check.Subject ?? row.Service })))
            .Where(result => wanted.Contains(result.Check))
            .ToList();
        RequireKnownCategories(request.Categories, results);
        results.RemoveAll(result => request.Categories.Count > 0 && !request.Categories.Contains(result.Category));
        results.AddRange(request.Categories.Count > 0 ? [] : wanted.Except(results.Select(result => result.Check)).Select(Unreported));
        return new DoctorReport
        {
            Status = results.Select(result => result.Status).MaxBy(Severity) ?? CheckResults.Pass,
            Checks = [.. results.OrderBy(result => result.Check, StringComparer.Ordinal).ThenBy(result => result.Subject, StringComparer.Ordinal)],
        };
    }

    private static void RequireKnown(IReadOnlyList<string> asked, HashSet<string> known)
    {
        var unknown = asked.Where(check => !known.Contains(check)).ToList();
        if (unknown.Count > 0)
        {
            throw new BackupException(ErrorCodes.CheckNotFound, $"there is no check '{string.Join("', '", unknown)}'", $"There are: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }
    }

    private static void RequireKnownCategories(IReadOnlyList<string> asked, IReadOnlyList<CheckResult> results)
    {
        var known = results.Select(result => result.Category).Distinct().Order(StringComparer.Ordinal).ToList();
        if (asked.FirstOrDefault(category => !known.Contains(category)) is { } unknown)
        {
            throw new BackupException(ErrorCodes.CheckNotFound, $"there is no check of the category '{unknown}'", $"There are: {string.Join(", ", known)}.");
        }
    }

    private static CheckResult Unreported(string check) => new()
    {
        Check = check,
        Status = CheckResults.Skip,
        Message = "no live worker reports this check",
        Remedy = ["stella service health"],
    };

    private static int Severity(string status) => Math.Max(0, CheckResults.Severity.ToList().IndexOf(status));
}
