using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>A second location, which has everything of the first on the day on which that is lost.</summary>
public sealed class SecondaryLocationTests(LocalStack stack)
{
    private const string Point = "before-the-loss";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Minutes, and a stack that is another one afterwards: only when it is asked for (<c>--explicit only</c>).</summary>
    [Fact(Explicit = true)]
    public async Task After_a_total_loss_the_secondary_location_brings_all_back()
    {
        var (secondary, kept) = (Path.Combine(stack.Scratch("secondary"), "backups"), stack.Scratch("kept"));
        await stack.RestartAsync(new Dictionary<string, string?> { ["STELLAOPS_BACKUP__Secondary__Url"] = secondary }, Token);
        await stack.Platform.SqlAsync("CREATE TABLE public.before_the_loss AS SELECT generate_series(1, 1000) AS number", Token);
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("evidence"), "before-the-loss.json"), "{}", Token);
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "before-the-loss.yaml"), "lost: false\n", Token);
        await stack.Stella.OkAsync($"backup create --full --name {Point}", Token);
        var (dump, files) = (await stack.Platform.DumpAsync(Token), await stack.Platform.FilesAsync(Token));
        await WaitAsync(async () => await stack.Stella.JsonAsync<StatusView>("status", Token) is { Secondary: { PointsBehind: 0, NewestPoint: Point } });

        // What is kept outside, besides what any new stack gets: who signed the points, and what opens their WAL.
        var credentials = Path.Combine(stack.Data, "credentials");
        (await Processes.RunAsync("openssl", ["pkey", "-in", Path.Combine(credentials, "point-signing.pem"), "-pubout", "-out", Path.Combine(kept, "points.pub.pem")], cancellationToken: Token)).Checked();
        File.Copy(Path.Combine(credentials, "wal-identity"), Path.Combine(kept, "wal-identity"));
        await stack.LoseAsync(
            new Dictionary<string, string?>
            {
                ["STELLAOPS_BACKUP__Location__Url"] = secondary,
                ["STELLAOPS_BACKUP__Coordinator__TrustedPointKeyFiles__0"] = Path.Combine(kept, "points.pub.pem"),
                ["STELLAOPS_BACKUP__Database__Wal__IdentityFile"] = Path.Combine(kept, "wal-identity"),
            },
            Token);
        Assert.NotEqual(files, await stack.Platform.FilesAsync(Token));
        await WaitAsync(async () => (await stack.Stella.OkAsync("backup list", Token)).Contains(Point, StringComparison.Ordinal));
        await stack.Stella.OkAsync($"backup verify --name {Point}", Token);

        await stack.Stella.OkAsync("service stop --all", Token);
        await stack.Stella.OkAsync($"backup restore --name {Point} --confirm", Token);
        await stack.Stella.OkAsync("service start --all", Token);
        Assert.Equal(dump, await stack.Platform.DumpAsync(Token));
        Assert.Equal(files, await stack.Platform.FilesAsync(Token));
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromSeconds(1), limit.Token);
        }
    }
}
