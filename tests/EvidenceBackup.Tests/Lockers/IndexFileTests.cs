using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

public sealed class IndexFileTests
{
    /// <summary>A worker that froze is believed dead, and the rebuild begun anew: it must not give the name of the index to what the other is still writing.</summary>
    [Fact]
    public async Task Two_who_write_an_index_at_a_time_do_not_write_into_one_file()
    {
        var token = TestContext.Current.CancellationToken;
        using var locker = new TemporaryDirectory();
        await File.WriteAllTextAsync(locker["index.json"], "before", token);

        var first = await IndexFile.PrepareAsync(locker.Path, "first"u8.ToArray(), kept: null, token);
        var second = await IndexFile.PrepareAsync(locker.Path, "second"u8.ToArray(), kept: null, token);
        Assert.NotEqual(first, second);
        Assert.False(File.Exists(first));
        Assert.Equal("second", await File.ReadAllTextAsync(second, token));

        // The one that froze goes on.
        await Assert.ThrowsAsync<FileNotFoundException>(() => IndexFile.TryPutAsync(locker.Path, "before"u8.ToArray(), first, keepAs: null, token));
        Assert.Equal("before", await File.ReadAllTextAsync(locker["index.json"], token));
        Assert.True(await IndexFile.TryPutAsync(locker.Path, "before"u8.ToArray(), second, keepAs: null, token));
        Assert.False(await IndexFile.TryPutAsync(locker.Path, "before"u8.ToArray(), first, keepAs: null, token));
        Assert.Equal("second", await File.ReadAllTextAsync(locker["index.json"], token));
        Assert.Equal(["index.json"], Directory.GetFiles(locker.Path).Select(Path.GetFileName));
    }
}
