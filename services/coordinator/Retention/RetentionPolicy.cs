using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// Which snapshots stay, and why. A pure function: the same points, rules and time give the same answer. Whatever the rules say, these stay:
/// <list type="bullet">
/// <item>of each component and cluster the newest snapshot, the newest whole one, and the newest whose restore was proven;</item>
/// <item>points that are pinned, held or in use;</item>
/// <item>all that a point holds beside a database that stays: the files that it refers to, and the secrets that its columns are encrypted with;</item>
/// <item>where the database has a point of its own, the secrets of its time: the newest that are not later, or else the next ones.</item>
/// </list>
/// </summary>
/// <param name="rules">At most one for a component; a component without one keeps everything.</param>
/// <param name="now">Ages are counted to here.</param>
internal sealed class RetentionPolicy(IReadOnlyList<RetentionRule> rules, DateTimeOffset now)
{
    /// <summary>Decides about all points of an installation at once; about a selection the answer would be another.</summary>
    /// <returns>In the order of <paramref name="points"/>.</returns>
    public IReadOnlyList<PointRetention> Decide(IReadOnlyList<RetainedPoint> points)
    {
        var reasons = points.SelectMany(point => point.Parts, (point, part) => (point.Id, part.Part)).ToDictionary(key => key, _ => new List<string>());
        var usable = points.Where(point => !point.Deleting).OrderByDescending(point => point.TakenAt).ThenByDescending(point => point.Id).ToList();
        foreach (var part in usable.SelectMany(point => point.Parts).Select(one => one.Part).Distinct())
        {
            List<Snapshot> snapshots = [.. usable.SelectMany(point => point.Parts.Where(one => one.Part == part), (point, one) => new Snapshot(point, one, reasons[(point.Id, part)]))];
            KeepBest(snapshots);
            KeepByRule(snapshots, RuleOf(part));
        }

        foreach (var point in usable)
        {
            foreach (var part in point.Parts)
            {
                reasons[(point.Id, part.Part)].AddRange(point.Protections);
            }

            KeepWhatDatabaseNeeds(point, reasons);
        }

        KeepSecretsOfDatabases(usable, reasons);
        return [.. points.Select(point => Decision(point, reasons))];
    }

    private RetentionRule? RuleOf(Part part) => rules.FirstOrDefault(rule => rule.Component == part.Component);

    private static void KeepBest(List<Snapshot> newestFirst)
    {
        newestFirst[0].Why.Add("the newest");
        newestFirst.Skip(1).FirstOrDefault(snapshot => snapshot.Content.Whole && !newestFirst[0].Content.Whole)?.Why.Add("the newest that is whole");
        newestFirst.Find(snapshot => snapshot.Content.Proven)?.Why.Add("the newest whose restore was proven");
    }

    private void KeepByRule(List<Snapshot> newestFirst, RetentionRule? rule)
    {
        if (rule is null)
        {
            newestFirst.ForEach(snapshot => snapshot.Why.Add("not asked about"));
            return;
        }

        foreach (var young in newestFirst.Where(snapshot => rule.Days is { } days && now - snapshot.Point.TakenAt <= TimeSpan.FromDays(days)))
        {
            young.Why.Add($"not older than {Count(rule.Days!.Value, "day")}");
        }

        var whole = newestFirst.FindAll(snapshot => snapshot.Content.Whole);
        foreach (var last in whole.Take(rule.Last ?? 0))
        {
            last.Why.Add($"one of the newest {rule.Last}");
        }

        KeepNewestOfEach(whole, rule.Daily, at => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        KeepNewestOfEach(whole, rule.Weekly, at => $"{ISOWeek.GetYear(at)}-W{ISOWeek.GetWeekOfYear(at):00}");
        KeepNewestOfEach(whole, rule.Monthly, at => at.ToString("yyyy-MM", CultureInfo.InvariantCulture));
    }

    private static void KeepNewestOfEach(List<Snapshot> newestFirst, int? periods, Func<DateTime, string> periodOf)
    {
        foreach (var period in newestFirst.GroupBy(snapshot => periodOf(snapshot.Point.TakenAt.UtcDateTime)).Take(periods ?? 0))
        {
            period.First().Why.Add($"the newest of {period.Key}");
        }
    }

    private static void KeepWhatDatabaseNeeds(RetainedPoint point, Dictionary<(Guid, Part), List<string>> reasons)
    {
        if (point.Parts.Any(one => one.Part.Component == Component.Database && reasons[(point.Id, one.Part)].Count > 0))
        {
            foreach (var other in point.Parts.Where(one => reasons[(point.Id, one.Part)].Count == 0 && one.Part.Component != Component.Database))
            {
                reasons[(point.Id, other.Part)].Add("belongs to a database that is kept");
            }
        }
    }

    private static void KeepSecretsOfDatabases(List<RetainedPoint> newestFirst, Dictionary<(Guid, Part), List<string>> reasons)
    {
        var secrets = new Part(Component.Secrets);
        var saved = newestFirst.FindAll(point => point.Parts.Any(one => one.Part == secrets && one.Whole));
        var alone = newestFirst.Where(point => point.Parts.All(one => one.Part != secrets)
            && point.Parts.Any(one => one.Part.Component == Component.Database && reasons[(point.Id, one.Part)].Count > 0));
        foreach (var needed in alone.Select(database => saved.Find(point => point.TakenAt <= database.TakenAt) ?? saved.LastOrDefault()).OfType<RetainedPoint>())
        {
            var why = reasons[(needed.Id, secrets)];
            if (why.Count == 0)
            {
                why.Add("belongs to the time of a database that is kept");
            }
        }
    }

    private PointRetention Decision(RetainedPoint point, Dictionary<(Guid, Part), List<string>> reasons) => new()
    {
        Id = point.Id,
        Name = point.Name,
        TakenAt = point.TakenAt,
        Parts = [.. point.Parts.OrderBy(one => one.Part).Select(one => reasons[(point.Id, one.Part)] is { Count: > 0 } why
            ? new PartRetention { Component = one.Part.Component, Cluster = one.Part.Cluster, Kept = true, Why = why }
            : new PartRetention { Component = one.Part.Component, Cluster = one.Part.Cluster, Kept = false, Why = [WhyNot(point, one.Part)] })],
    };

    private string WhyNot(RetainedPoint point, Part part) => point.Deleting
        ? "its deletion began"
        : $"{Count((int)(now - point.TakenAt).TotalDays, "day")} old; kept {Words(RuleOf(part)!)}";

    /// <summary>A rule in words: <c>are 30 days, the newest of 12 months</c>.</summary>
    internal static string Words(RetentionRule rule)
    {
        var words = new (int? Number, string Words)[]
        {
            (rule.Days, Count(rule.Days ?? 0, "day")),
            (rule.Last, $"the newest {rule.Last}"),
            (rule.Daily, $"the newest of {Count(rule.Daily ?? 0, "day")} each"),
            (rule.Weekly, $"the newest of {Count(rule.Weekly ?? 0, "week")} each"),
            (rule.Monthly, $"the newest of {Count(rule.Monthly ?? 0, "month")} each"),
        };
        return $"are {string.Join(", ", words.Where(one => one.Number is not null).Select(one => one.Words))}";
    }

    private static string Count(int number, string unit) => number == 1 ? $"1 {unit}" : $"{number} {unit}s";

    private sealed record Snapshot(RetainedPoint Point, RetainedPart Content, List<string> Why);
}
