using CsCheck;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tests.Protection;

namespace StellaOps.Backup.Coordinator.Tests.Retention;

public sealed class RetentionPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 17, 10, 30, 0, TimeSpan.Zero);
    private static readonly Part Database = new(Component.Database);
    private static readonly Part Evidence = new(Component.Evidence);

    [Fact]
    public void A_full_point_loses_its_parts_as_each_gets_too_old()
    {
        var points = new[] { Point(0, Database, Evidence), Point(40, Database, Evidence), Point(100, Database, Evidence) };

        var decided = Decide(points, new RetentionRule { Component = Component.Database, Days = 30 }, new RetentionRule { Component = Component.Evidence, Days = 90 });

        Assert.Equal(["the newest", "not older than 30 days"], decided[0].Parts[0].Why);
        Assert.Equal([false, true], decided[1].Parts.Select(part => part.Kept));
        Assert.Equal(["40 days old; kept are 30 days"], decided[1].Parts[0].Why);
        Assert.Equal(["not older than 90 days"], decided[1].Parts[1].Why);
        Assert.All(decided[2].Parts, part => Assert.False(part.Kept));
    }

    [Fact]
    public void What_belongs_to_a_database_stays_as_long_as_it()
    {
        var decided = Decide(
            [Point(0, Database, Evidence), Point(40, Database, Evidence)],
            new RetentionRule { Component = Component.Database, Days = 60 },
            new RetentionRule { Component = Component.Evidence, Days = 7 });

        Assert.Equal(["belongs to a database that is kept"], decided[1].Parts[1].Why);
    }

    [Fact]
    public void A_database_in_a_point_of_its_own_keeps_the_secrets_of_its_time()
    {
        var secrets = new Part(Component.Secrets);
        var points = new[] { Point(0, secrets), Point(1, Database), Point(49, secrets), Point(50, Database), Point(51, secrets), Point(52, secrets) };

        var decided = Decide(points, new RetentionRule { Component = Component.Database, Days = 60 }, new RetentionRule { Component = Component.Secrets, Days = 7 });

        Assert.Equal([true, true, true, true, true, false], decided.Select(point => point.Parts[0].Kept));
        Assert.Equal(["belongs to the time of a database that is kept"], decided[4].Parts[0].Why);
    }

    [Fact]
    public void Damaged_snapshots_take_no_place_of_whole_ones()
    {
        var torn = new[] { 0, 1, 2 }.Select(age => Point(age, Database) with { Parts = [new RetainedPart(Database, Whole: false, Proven: false)] });

        var decided = Decide([.. torn, Point(3, Database), Point(4, Database), Point(5, Database)], new RetentionRule { Component = Component.Database, Last = 2 });

        Assert.Equal([true, false, false, true, true, false], decided.Select(point => point.Parts[0].Kept));
        Assert.Equal("the newest", decided[0].Parts[0].Why.Single());
        Assert.Equal("5 days old; kept are the newest 2", decided[5].Parts[0].Why.Single());
    }

    [Fact]
    public void One_of_each_day_week_and_month_is_kept_by_the_calendar_of_utc()
    {
        var points = Enumerable.Range(0, 80).Select(age => Point(age, Database)).ToArray();

        var kept = Decide(points, new RetentionRule { Component = Component.Database, Daily = 3, Weekly = 2, Monthly = 2 })
            .Where(point => point.Parts[0].Kept).ToDictionary(point => point.Name, point => point.Parts[0].Why[^1]);

        // The 17th of January 2026 is a Saturday, and so the newest of its week.
        Assert.Equal(["0", "1", "2", "6", "17"], kept.Keys);
        Assert.Equal(["the newest of 2026-01", "the newest of 2026-01-16", "the newest of 2026-01-15", "the newest of 2026-W02", "the newest of 2025-12"], kept.Values);
    }

    [Fact]
    public void Of_several_clusters_each_has_its_own_newest()
    {
        var analytics = new Part(Component.Database, "analytics");

        var decided = Decide([Point(0, Database), Point(50, analytics), Point(60, analytics, Database)], new RetentionRule { Component = Component.Database, Days = 30 });

        Assert.True(decided[1].Parts[0].Kept);
        Assert.All(decided[2].Parts, part => Assert.False(part.Kept));
    }

    [Fact]
    public void A_deletion_that_began_is_finished_and_protects_nothing()
    {
        var decided = Decide([Point(0, Database) with { Deleting = true }, Point(90, Database)], new RetentionRule { Component = Component.Database, Days = 30 });

        Assert.Equal("its deletion began", decided[0].Parts[0].Why.Single());
        Assert.True(decided[1].Parts[0].Kept);
    }

    /// <summary>Random histories, pins, holds, proofs and policies against the rules, each written down a second time and more slowly.</summary>
    [Fact]
    public void No_rule_is_ever_broken() => (from points in Histories from rules in Rules select (points, rules)).Sample(drawn =>
    {
        var (histories, rules) = drawn;
        var points = histories.ConvertAll(history => history.Point);
        var stories = histories.ToDictionary(history => history.Point.Id, history => history.Story);
        var decided = new RetentionPolicy(rules, Now).Decide(points);
        Assert.Equal(points.Select(point => point.Id), decided.Select(point => point.Id));
        foreach (var (point, decision) in points.Zip(decided))
        {
            foreach (var one in point.Parts)
            {
                var kept = decision.Parts.Single(part => new Part(part.Component, part.Cluster) == one.Part).Kept;
                Assert.Equal(Model.Keeps(points, stories, rules, point, one.Part), kept);
            }
        }

        // What is left is as it should be: a second run finds nothing to do.
        var left = points.Zip(decided)
            .Select(pair => pair.First with { Parts = [.. pair.First.Parts.Where(one => pair.Second.Parts.Single(part => new Part(part.Component, part.Cluster) == one.Part).Kept)] })
            .Where(point => point.Parts.Count > 0).ToList();
        Assert.All(new RetentionPolicy(rules, Now).Decide(left).SelectMany(point => point.Parts), part => Assert.True(part.Kept));
    });

    /// <summary>Points, and what people did to keep them: nothing, mostly.</summary>
    private static Gen<List<(RetainedPoint Point, ProtectionStory Story)>> Histories =>
        from points in Gen.Select(Gen.Int[-2, 4000], Gen.Int[1, 31], Gen.Int[0, 63], Gen.Int[0, 63], Gen.Int[0, 9], Gen.Frequency((3, Gen.Const(new ProtectionStory([]))), (1, ProtectionStory.Any))).List[0, 25]
        select points.ConvertAll(drawn => (Draw(drawn.Item1, drawn.Item2, drawn.Item3, drawn.Item4, drawn.Item5, drawn.Item6), drawn.Item6));

    private static Gen<List<RetentionRule>> Rules =>
        from numbers in Gen.Select(Gen.Int[-40, 120], Gen.Int[-3, 4], Gen.Int[-3, 7], Gen.Int[-3, 4], Gen.Int[-3, 3]).List[5]
        from asked in Gen.Int[0, 31]
        select Components.All.Zip(numbers, (component, drawn) => new RetentionRule
        {
            Component = component, Days = Used(drawn.Item1), Last = Used(drawn.Item2), Daily = Used(drawn.Item3), Weekly = Used(drawn.Item4), Monthly = Used(drawn.Item5),
        }).Where((_, i) => (asked & (1 << i)) != 0).ToList();

    private static int? Used(int number) => number > 0 ? number : null;

    /// <summary>A point whose parts, wholeness and proofs are the bits of numbers; time in steps of an hour, so that points of one time happen.</summary>
    private static RetainedPoint Draw(int hours, int parts, int whole, int proven, int fate, ProtectionStory story)
    {
        var (pin, holds) = story.Play();
        return new()
        {
            Id = Guid.NewGuid(),
            Name = $"p{hours}{(fate == 0 ? InUse : "")}",
            TakenAt = Now.AddHours(-hours),
            Protections = [.. ProtectedPoint.Reasons(pin, holds), .. fate == 0 ? ["in use"] : Array.Empty<string>()],
            Deleting = fate == 1,
            Parts = [.. AllParts.Where((_, i) => (parts & (1 << i)) != 0).Select((part, i) => new RetainedPart(part, (whole & (1 << i)) != 0, (whole & proven & (1 << i)) != 0))],
        };
    }

    private const string InUse = " in use";

    private static IReadOnlyList<Part> AllParts { get; } = [Database, new Part(Component.Database, "analytics"), Evidence, new Part(Component.Secrets), new Part(Component.Keys)];

    private static IReadOnlyList<PointRetention> Decide(RetainedPoint[] points, params RetentionRule[] rules) => new RetentionPolicy(rules, Now).Decide(points);

    private static RetainedPoint Point(int daysAgo, params Part[] parts) => new()
    {
        Id = Guid.NewGuid(),
        Name = $"{daysAgo}",
        TakenAt = Now.AddDays(-daysAgo),
        Parts = [.. parts.Select(part => new RetainedPart(part, Whole: true, Proven: false))],
    };

    /// <summary>The rules as the documents state them, one snapshot at a time.</summary>
    private static class Model
    {
        public static bool Keeps(List<RetainedPoint> points, Dictionary<Guid, ProtectionStory> stories, List<RetentionRule> rules, RetainedPoint point, Part part)
        {
            if (point.Deleting || KeepsInPoint(points, stories, rules, point, part))
            {
                return !point.Deleting;
            }

            // The secrets of a database that has none beside it: those that were in use then.
            bool Before(RetainedPoint one, RetainedPoint other) => (one.TakenAt, one.Id).CompareTo((other.TakenAt, other.Id)) < 0;
            var saved = points.FindAll(other => !other.Deleting && other.Parts.Any(one => one.Part.Component == Component.Secrets && one.Whole));
            return part.Component == Component.Secrets && point.Parts.Single(one => one.Part == part).Whole && points.Exists(database =>
                !database.Deleting && !database.Parts.Any(one => one.Part == part)
                && database.Parts.Any(one => one.Part.Component == Component.Database && KeepsItself(points, stories, rules, database, one.Part))
                && (point.TakenAt <= database.TakenAt
                    ? !saved.Exists(other => Before(point, other) && other.TakenAt <= database.TakenAt)
                    : !saved.Exists(other => Before(other, point))));
        }

        private static bool KeepsInPoint(List<RetainedPoint> points, Dictionary<Guid, ProtectionStory> stories, List<RetentionRule> rules, RetainedPoint point, Part part)
        {
            var databases = point.Parts.Where(one => one.Part.Component == Component.Database).Select(one => one.Part);
            return KeepsItself(points, stories, rules, point, part)
                || (part.Component != Component.Database && databases.Any(database => KeepsItself(points, stories, rules, point, database)));
        }

        private static bool KeepsItself(List<RetainedPoint> points, Dictionary<Guid, ProtectionStory> stories, List<RetentionRule> rules, RetainedPoint point, Part part)
        {
            var later = points.Where(other => !other.Deleting && (other.TakenAt, other.Id).CompareTo((point.TakenAt, point.Id)) > 0)
                .SelectMany(other => other.Parts.Where(one => one.Part == part), (other, one) => (other.TakenAt, one.Whole, one.Proven)).ToList();
            var own = point.Parts.Single(one => one.Part == part);
            if (stories[point.Id].IsProtected || point.Name.EndsWith(InUse, StringComparison.Ordinal) || later.Count == 0 || (own.Whole && !later.Exists(one => one.Whole)) || (own.Proven && !later.Exists(one => one.Proven)))
            {
                return true;
            }

            if (rules.Find(rule => rule.Component == part.Component) is not { } rule)
            {
                return true;
            }

            var whole = later.FindAll(one => one.Whole).ConvertAll(one => one.TakenAt.UtcDateTime);
            var at = point.TakenAt.UtcDateTime;
            return (rule.Days is { } days && point.TakenAt.AddDays(days) >= Now)
                || (own.Whole && (whole.Count < (rule.Last ?? 0)
                    || IsNewestOfPeriod(whole, at, rule.Daily, time => time.Date)
                    || IsNewestOfPeriod(whole, at, rule.Weekly, time => time.Date.AddDays(-(((int)time.DayOfWeek + 6) % 7)))
                    || IsNewestOfPeriod(whole, at, rule.Monthly, time => new DateTime(time.Year, time.Month, 1, 0, 0, 0, DateTimeKind.Utc))));
        }

        private static bool IsNewestOfPeriod(List<DateTime> laterWhole, DateTime at, int? periods, Func<DateTime, DateTime> startOf) =>
            laterWhole.TrueForAll(other => startOf(other) != startOf(at)) && laterWhole.Select(startOf).Distinct().Count() < (periods ?? 0);
    }
}
