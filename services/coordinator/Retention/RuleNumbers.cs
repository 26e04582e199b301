using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>The numbers of a rule: which may be asked for, and what becomes of those that are set.</summary>
internal static class RuleNumbers
{
    private const int MostDays = 36_500, MostOthers = 10_000;

    /// <summary>The rule with the numbers that are asked for; 0 takes one away.</summary>
    /// <exception cref="BackupException"><c>input.invalid</c>: no rule would be left.</exception>
    public static RetentionRule Changed(RetentionRule rule, SetRetentionRequest request)
    {
        var changed = rule with
        {
            Days = Number(request.Days, rule.Days),
            Last = Number(request.Last, rule.Last),
            Daily = Number(request.Daily, rule.Daily),
            Weekly = Number(request.Weekly, rule.Weekly),
            Monthly = Number(request.Monthly, rule.Monthly),
        };
        return changed is { Days: null, Last: null, Daily: null, Weekly: null, Monthly: null }
            ? throw new BackupException(ErrorCodes.InvalidInput, $"no rule would be left for {rule.Component.Name()}", "Set another one with it; 'stella backup delete' drops what is not wanted any more.")
            : changed;

        static int? Number(int? asked, int? old) => asked switch { null => old, 0 => null, _ => asked };
    }

    /// <exception cref="BackupException"><c>input.invalid</c>: a number is out of range, or there is none.</exception>
    public static void RequireSane(SetRetentionRequest request)
    {
        (string Name, int? Number, int Most)[] all =
        [
            ("days", request.Days, MostDays), ("last", request.Last, MostOthers), ("daily", request.Daily, MostOthers), ("weekly", request.Weekly, MostOthers), ("monthly", request.Monthly, MostOthers),
        ];
        foreach (var (name, number, most) in all.Where(one => one.Number is < 0 || one.Number > one.Most))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"{number} for '{name}' is not between 0 and {most}");
        }

        if (all.All(one => one.Number is null))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "nothing to set", "Name at least one of days, last, daily, weekly and monthly.");
        }
    }

    /// <summary>Each number keeps for itself: the larger one of each keeps whatever either of the two rules keeps.</summary>
    public static RetentionRule Longest(RetentionRule one, RetentionRule other)
    {
        return one with
        {
            Days = Larger(one.Days, other.Days),
            Last = Larger(one.Last, other.Last),
            Daily = Larger(one.Daily, other.Daily),
            Weekly = Larger(one.Weekly, other.Weekly),
            Monthly = Larger(one.Monthly, other.Monthly),
        };

        static int? Larger(int? a, int? b) => a is null || b > a ? b : a;
    }
}
