using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

public sealed class IndexFileTests
{
    /// <summary>A worker that froze is believed dead, and the rebuild begun anew: it must not give the name of the index to what the other is still writing.</summary>
    [Fact(Timeout = 60_000)]
    public async Task Two_who_write_an_index_at_a_time_do_not_write_into_one_file()
    {
        var token = TestContext.Current.CancellationToken;
        using var locker = new TemporaryDirectory();

        // Both stop where they look whether somebody else wrote the index meanwhile, which is right before they replace it.
        (await Processes.RunAsync("mkfifo", [locker["index.json"]], cancellationToken: token)).Checked();
        var first = Start("first");
        var one = await WrittenAsync("first");
        var second = Start("second");
        var other = await WrittenAsync("second");
        Assert.NotEqual(one, other);
        Assert.False(File.Exists(one));

        // Who opened it reads that it is empty, which neither expects.
        var both = Task.WhenAll(first, second);
        while (!both.IsCompleted)
        {
            await using (File.Open(locker["index.json"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                await Task.Delay(20, token);
            }
        }

        Assert.DoesNotContain(true, await both);
        Assert.Equal(["index.json"], Directory.GetFiles(locker.Path).Select(Path.GetFileName));

        Task<bool> Start(string content) => Task.Run(
            () => IndexFile.TryReplaceAsync(locker.Path, "before"u8.ToArray(), System.Text.Encoding.UTF8.GetBytes(content), keepAs: null, token), token);

        async Task<string> WrittenAsync(string content)
        {
            while (true)
            {
                if (Directory.GetFiles(locker.Path, ".*").FirstOrDefault(file => Holds(file, content)) is { } written)
                {
                    return written;
                }

                await Task.Delay(20, token);
            }
        }
    }

    /// <summary>False also while it is being written, or where it went meanwhile.</summary>
    private static bool Holds(string file, string content)
    {
        try
        {
            return File.ReadAllText(file) == content;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
