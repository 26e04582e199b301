using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Identity;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>Runs the checks of this coordinator and of all workers, now.</summary>
internal sealed class DoctorVisit(WorkerLook look, IEnumerable<IServiceCheck> ownChecks, WorkerDirectory workers, ServiceIdentity identity, TimeProvider clock)
{
    /// <summary>Checks that only workers run; they have a name here even while no worker is there.</summary>
    private static readonly IReadOnlyList<string> OfWorkers = ["check.evidencelocker.index", "check.postgres.connectivity", "check.postgres.wal"];

    /// <summary>A worker whose check hangs says so at its limit; one that has not answered a moment later does not answer at all.</summary>
    private static readonly TimeSpan Patience = CheckRunner.TimeLimit + TimeSpan.FromSeconds(2);

    public async Task<DoctorReport> ExamineAsync(DoctorRequest request, CancellationToken cancellationToken)
    {
        // Other coordinators look at what this one looks at.
        var rows = (await workers.AllAsync(cancellationToken)).Where(row => row.Service != identity.Service || row.Worker == identity.Worker).ToList();
        var known = ownChecks.Select(check => check.Id)
            .Concat(OfWorkers)
            .Concat(rows.SelectMany(row => row.Announcement.Checks).Select(check => check.Check))
            .ToHashSet(StringComparer.Ordinal);
        RequireKnown(request.Checks, known);

        HashSet<string> wanted = request.All || request.Checks.Count == 0 ? known : [.. request.Checks];
        var asked = clock.GetUtcNow();
        var seen = await look.AskAsync(rows, [.. wanted], Patience, cancellationToken);
        var results = seen.Where(one => one.Row.IsLive(asked)).SelectMany(Results).Where(result => wanted.Contains(result.Check)).ToList();
        RequireKnownCategories(request.Categories, results);
        results.RemoveAll(result => request.Categories.Count > 0 && !request.Categories.Contains(result.Category));
        results.AddRange(request.Categories.Count > 0 ? [] : wanted.Except(results.Select(result => result.Check)).Select(Unreported));
        return new DoctorReport
        {
            Status = results.Select(result => result.Status).MaxBy(Severity) ?? CheckResults.Pass,
            Checks = [.. results.OrderBy(result => result.Check, StringComparer.Ordinal).ThenBy(result => result.Subject, StringComparer.Ordinal)],
        };
    }

    private IEnumerable<CheckResult> Results(WorkerSeen seen) => seen.Row.Announcement.Checks
        .Select(check => seen.Row.Worker == identity.Worker ? check : check with { Subject = check.Subject ?? seen.Row.Service })
        .Select(check => seen.Now ? check : Unsure(check, seen.Row));

    /// <summary>What was well when the worker was last heard need not be so now.</summary>
    private CheckResult Unsure(CheckResult last, WorkerRow row) => last with
    {
        Status = last.Status == CheckResults.Pass ? CheckResults.Warn : last.Status,
        Message = string.Create(CultureInfo.InvariantCulture, $"{row.Worker} does not answer; {(clock.GetUtcNow() - row.HeardAt).TotalSeconds:0} s ago it said: {last.Message}"),
        Remedy = ["stella service health", .. last.Remedy],
    };

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
