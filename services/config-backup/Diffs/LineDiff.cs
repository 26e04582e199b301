namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>
/// The shortest way from some lines to others by removals and additions (E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986). Lines that
/// differ in more than <see cref="MostSteps"/> places are taken for replaced as a whole. Memory: four bytes for each square of a step, 9 MB.
/// </summary>
internal static class LineDiff
{
    private const int MostSteps = 1500;

    /// <summary>One line of the way: kept, removed from the old ones, or added from the new ones, by its number there.</summary>
    internal readonly record struct Step(char Sign, int Old, int New);

    /// <returns>Steps in order; each line of both sides is in exactly one.</returns>
    public static IReadOnlyList<Step> Of(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var head = 0;
        while (head < before.Count && head < after.Count && before[head] == after[head])
        {
            head++;
        }

        var tail = 0;
        while (tail < before.Count - head && tail < after.Count - head && before[^(tail + 1)] == after[^(tail + 1)])
        {
            tail++;
        }

        var steps = new List<Step>();
        steps.AddRange(Enumerable.Range(0, head).Select(i => new Step(' ', i, i)));
        steps.AddRange(Middle(before, after, head, before.Count - tail, after.Count - tail));
        steps.AddRange(Enumerable.Range(0, tail).Select(i => new Step(' ', before.Count - tail + i, after.Count - tail + i)));
        return steps;
    }

    private static IEnumerable<Step> Middle(IReadOnlyList<string> before, IReadOnlyList<string> after, int first, int oldEnd, int newEnd)
    {
        var (n, m) = (oldEnd - first, newEnd - first);
        if (Furthest(before, after, first, n, m) is not { } trace)
        {
            return Enumerable.Range(first, n).Select(i => new Step('-', i, first)).Concat(Enumerable.Range(first, m).Select(i => new Step('+', oldEnd, i)));
        }

        var back = new List<Step>();
        var (x, y) = (n, m);
        for (var d = trace.Count - 1; d > 0; d--)
        {
            var (k, reached) = (x - y, trace[d - 1]);
            var down = k == -d || (k != d && At(reached, d - 1, k - 1) < At(reached, d - 1, k + 1));
            var fromK = down ? k + 1 : k - 1;
            var fromX = At(reached, d - 1, fromK);
            var fromY = fromX - fromK;
            for (; x > (down ? fromX : fromX + 1); x--, y--)
            {
                back.Add(new Step(' ', first + x - 1, first + y - 1));
            }

            back.Add(down ? new Step('+', first + fromX, first + fromY) : new Step('-', first + fromX, first + fromY));
            (x, y) = (fromX, fromY);
        }

        for (; x > 0; x--, y--)
        {
            back.Add(new Step(' ', first + x - 1, first + y - 1));
        }

        back.Reverse();
        return back;
    }

    /// <summary>For each number of steps, how far each diagonal was reached, from −d to d; null when there are too many.</summary>
    private static List<int[]>? Furthest(IReadOnlyList<string> before, IReadOnlyList<string> after, int first, int n, int m)
    {
        var trace = new List<int[]>();
        for (var d = 0; d <= Math.Min(n + m, MostSteps); d++)
        {
            var reached = new int[(2 * d) + 1];
            trace.Add(reached);
            for (var k = -d; k <= d; k += 2)
            {
                var last = d == 0 ? null : trace[d - 1];
                var x = last is null ? 0
                    : k == -d || (k != d && At(last, d - 1, k - 1) < At(last, d - 1, k + 1)) ? At(last, d - 1, k + 1)
                    : At(last, d - 1, k - 1) + 1;
                while (x < n && x - k < m && x - k >= 0 && before[first + x] == after[first + x - k])
                {
                    x++;
                }

                reached[k + d] = x;
                if (k == n - m && x >= n)
                {
                    return trace;
                }
            }
        }

        return null;
    }

    /// <summary>Diagonals beyond the edge were never reached.</summary>
    private static int At(int[] reached, int d, int k) => k < -d || k > d ? -1 : reached[k + d];
}
