namespace StellaOps.Backup.Architecture.Tests;

/// <summary>Who may reference whom: the table of folders in docs/architecture.md.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["libraries/Contracts"] = [],
        ["libraries/Storage"] = [],
        ["libraries/Age"] = [],
        ["libraries/Postgres"] = [],
        ["libraries/Repository"] = ["libraries/Storage"],
        ["libraries/Wal"] = ["libraries/Storage", "libraries/Age", "libraries/Postgres"],
        ["libraries/Points"] = ["libraries/Contracts", "libraries/Storage"],
        ["libraries/Portable"] = ["libraries/Contracts", "libraries/Storage", "libraries/Points"],
        ["libraries/Hosting"] = ["libraries/Contracts"],
        ["libraries/Workers"] = ["libraries/Contracts", "libraries/Hosting", "libraries/Storage", "libraries/Repository", "libraries/Portable"],
        ["services/coordinator"] = ["libraries/Contracts", "libraries/Hosting", "libraries/Storage", "libraries/Points", "libraries/Portable", "libraries/Wal"],
        ["gateway"] = ["libraries/Hosting"],
        ["cli"] = ["libraries/Contracts", "libraries/Age", "libraries/Repository", "libraries/Storage", "libraries/Wal"],
    };

    public static TheoryData<string> Projects => [.. ProjectFile.All.Select(project => project.Folder)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_layer_allows(string folder)
    {
        var project = ProjectFile.All.Single(project => project.Folder == folder);
        var beyond = project.References.Where(reference => !IsAllowed(folder, reference)).ToList();
        Assert.True(beyond.Count == 0, $"{folder} must not reference {string.Join(", ", beyond)}");
    }

    [Fact]
    public void Every_project_has_a_place_in_the_table_of_layers()
    {
        var unknown = ProjectFile.All.Select(project => project.Folder)
            .Where(folder => !Allowed.ContainsKey(folder) && !IsWorker(folder) && !folder.StartsWith("tests/", StringComparison.Ordinal));
        Assert.Empty(unknown);
    }

    /// <summary>The program is compiled ahead of time, which no test waits for: every build has to warn of what would not work.</summary>
    [Fact]
    public void All_that_stella_is_made_of_is_checked_for_compilation_ahead_of_time()
    {
        var careless = PartsOf("cli").Distinct(StringComparer.Ordinal)
            .Where(folder => !ProjectFile.All.Single(project => project.Folder == folder).IsAotCompatible);
        Assert.Empty(careless);
    }

    private static IEnumerable<string> PartsOf(string folder) =>
        [folder, .. ProjectFile.All.Single(project => project.Folder == folder).References.SelectMany(PartsOf)];

    private static bool IsAllowed(string folder, string reference)
    {
        if (folder.StartsWith("tests/", StringComparison.Ordinal))
        {
            return reference == "tests/Testing" || !reference.StartsWith("tests/", StringComparison.Ordinal);
        }

        return Allowed.TryGetValue(folder, out var allowed)
            ? allowed.Contains(reference, StringComparer.Ordinal)
            : IsWorker(folder) && reference.StartsWith("libraries/", StringComparison.Ordinal);
    }

    private static bool IsWorker(string folder) =>
        folder.StartsWith("services/", StringComparison.Ordinal) && folder.EndsWith("-backup", StringComparison.Ordinal);
}
