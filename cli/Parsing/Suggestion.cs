namespace StellaOps.Backup.Cli.Parsing;

/// <summary>What a mistyped word was probably meant to be.</summary>
internal static class Suggestion
{
    /// <summary>The nearest candidate, when it is near enough to be worth naming.</summary>
    public static string? For(string typed, IEnumerable<string> candidates)
    {
        var nearest = candidates
            .Select(candidate => (Word: candidate, Distance: candidate.StartsWith(typed, StringComparison.Ordinal) ? 1 : Distance(typed, candidate)))
            .OrderBy(candidate => candidate.Distance)
            .FirstOrDefault();
        return nearest.Word is not null && nearest.Distance <= Math.Max(1, typed.Length / 3) ? nearest.Word : null;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.</summary>
    private static int Distance(string left, string right)
    {
        var costs = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            for (var j = 0; j <= right.Length; j++)
            {
                costs[i, j] = (i, j) switch
                {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => Math.Min(
                        Math.Min(costs[i - 1, j], costs[i, j - 1]) + 1,
                        costs[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)),
                };
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    costs[i, j] = Math.Min(costs[i, j], costs[i - 2, j - 2] + 1);
                }
            }
        }

        return costs[left.Length, right.Length];
    }
}
