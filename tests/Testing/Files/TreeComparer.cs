namespace StellaOps.Backup.Testing.Files;

/// <summary>
/// Compares two directories by everything that a backup has to bring back. It looks through <c>find</c> and the C library and
/// shares no code with what it tests.
/// </summary>
public static class TreeComparer
{
    /// <summary>One line for each difference; none when the trees are equal.</summary>
    /// <param name="expected">A directory.</param>
    /// <param name="actual">The other; the metadata of the two directories themselves is compared, too.</param>
    /// <param name="aspects">What counts.</param>
    /// <param name="cancellationToken">Ends the comparison.</param>
    public static async Task<IReadOnlyList<string>> DifferencesAsync(
        string expected, string actual, TreeAspects aspects = TreeAspects.All, CancellationToken cancellationToken = default)
    {
        var left = await TreeListing.ReadAsync(expected, cancellationToken);
        var right = await TreeListing.ReadAsync(actual, cancellationToken);
        var differences = new List<string>();
        foreach (var path in left.Keys.Union(right.Keys).Order(StringComparer.Ordinal))
        {
            if (!right.TryGetValue(path, out var there))
            {
                differences.Add($"{path}: missing");
            }
            else if (!left.TryGetValue(path, out var here))
            {
                differences.Add($"{path}: unexpected");
            }
            else
            {
                differences.AddRange(Compare(here, there, aspects).Select(difference => $"{path}: {difference}"));
            }
        }

        return differences;
    }

    private static IEnumerable<string> Compare(TreeListing.Entry expected, TreeListing.Entry actual, TreeAspects aspects)
    {
        bool Counts(TreeAspects aspect) => aspects.HasFlag(aspect);
        var times = expected.Type == "d" ? TreeAspects.DirectoryTimes : TreeAspects.Times;
        (string What, string Expected, string Actual, bool Counts)[] all =
        [
            ("type", expected.Type, actual.Type, true),
            ("size", expected.Size, actual.Size, true),
            ("content", expected.ContentHash, actual.ContentHash, true),
            ("link target", expected.LinkTarget, actual.LinkTarget, true),
            ("permissions", expected.Permissions, actual.Permissions, expected.Type != "l" && Counts(TreeAspects.Permissions)),
            ("owner", expected.Owner, actual.Owner, Counts(TreeAspects.Owners)),
            ("modified", expected.Modified, actual.Modified, Counts(times)),
            ("extended attributes", expected.Attributes, actual.Attributes, Counts(TreeAspects.ExtendedAttributes)),
            ("hard links", expected.FirstName, actual.FirstName, Counts(TreeAspects.HardLinks)),
        ];
        return all.Where(one => one.Counts && one.Expected != one.Actual).Select(one => $"{one.What} is {one.Actual}, expected {one.Expected}");
    }
}
