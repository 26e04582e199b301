using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Tests.Settings;

public sealed class PathRulesTests : IDisposable
{
    private readonly TemporaryDirectory _home = new("stella-paths-");

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("/nowhere/a", "/nowhere/a/b")]
    [InlineData("/nowhere/a/b", "/nowhere/a")]
    [InlineData("/nowhere/a", "/nowhere/a/")]
    [InlineData("/nowhere//a", "/nowhere/a/b")]
    public void Paths_that_contain_one_another_are_refused(string one, string other) =>
        Assert.Contains("contain one another", Assert.Single(PathRules.Problems([one, other])), StringComparison.Ordinal);

    [Fact]
    public void Neighbours_are_not() => Assert.Empty(PathRules.Problems(["/nowhere/a", "/nowhere/ab", "/nowhere/b/a"]));

    [Fact]
    public void A_link_to_a_directory_counts_as_the_directory_and_a_link_to_a_file_as_itself()
    {
        Directory.CreateDirectory(_home["etc"]);
        File.WriteAllText(_home["etc", "file"], "");
        File.CreateSymbolicLink(_home["directory"], _home["etc"]);
        File.CreateSymbolicLink(_home["file"], _home["etc", "file"]);

        Assert.Single(PathRules.Problems([_home["etc"], _home["directory"]]));
        Assert.Single(PathRules.Problems([_home["directory", "file"], _home["etc"]]));
        Assert.Empty(PathRules.Problems([_home["etc"], _home["file"]]));
    }

    [Fact]
    public void Each_path_is_looked_at_alone_too() =>
        Assert.Equal(["'a' is not absolute", "the root directory cannot be saved as a whole"], PathRules.Problems(["a", "/nowhere", "/"]));
}
