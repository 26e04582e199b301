using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.SelfTesting;

public sealed class RoundTripTests
{
    [Fact]
    public async Task This_machine_restores_what_it_saved()
    {
        using var directory = new TemporaryDirectory();
        await RoundTrip.RunAsync(directory.Path, TestContext.Current.CancellationToken);
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(directory.Path, "source", "pages"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(directory.Path, "restored", "pages"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_restored_tree_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(directory.Path, "restored"), "in the way", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<RepositoryException>(() => RoundTrip.RunAsync(directory.Path, TestContext.Current.CancellationToken));
    }
}
