using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Tests.Files;

public sealed class ResolvedPathTests : IDisposable
{
    private readonly TemporaryDirectory _home = new("stella-resolved-");

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Links_on_the_way_and_in_what_they_lead_to_are_followed()
    {
        Directory.CreateDirectory(_home["real", "inner"]);
        File.CreateSymbolicLink(_home["direct"], _home["real"]);
        File.CreateSymbolicLink(_home["through"], "direct/inner");

        Assert.Equal(_home["real", "inner", "missing"], ResolvedPath.Of($"{_home.Path}//through/./missing/"));
        Assert.Equal(_home["real", "a"], ResolvedPath.Of($"{_home.Path}/through/../a"));
    }

    [Fact]
    public void Links_that_lead_to_one_another_come_to_an_end()
    {
        File.CreateSymbolicLink(_home["one"], "two");
        File.CreateSymbolicLink(_home["two"], "one");

        Assert.StartsWith(_home.Path, ResolvedPath.Of(_home["one", "x"]), StringComparison.Ordinal);
    }
}
