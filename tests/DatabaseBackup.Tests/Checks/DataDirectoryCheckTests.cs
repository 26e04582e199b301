using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.DatabaseBackup.Checks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Checks;

public sealed class DataDirectoryCheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_directory_of_the_server_passes_and_a_link_to_it_is_the_same()
    {
        await using var bench = await Workbench.StartAsync(15);
        var actual = bench.Cluster.Server.DataDirectory;
        Assert.Equal("pass", (await RunAsync(bench.Settings)).Status);
        Directory.CreateSymbolicLink(bench["link"], Path.GetDirectoryName(actual)!);
        bench.Settings.DataDirectory = Path.Combine(bench["link"], Path.GetFileName(actual)) + "/";
        Assert.Equal("pass", (await RunAsync(bench.Settings)).Status);

        bench.Settings.DataDirectory = Directory.CreateDirectory(bench["other"]).FullName;
        var other = await RunAsync(bench.Settings);
        Assert.Equal("fail", other.Status);
        Assert.Contains($"Database:DataDirectory is {bench["other"]}", other.Message, StringComparison.Ordinal);
        Assert.EndsWith($"works on {actual}", other.Message, StringComparison.Ordinal);

        await bench.Cluster.Server.ExecuteAsync("CREATE ROLE nobody LOGIN", cancellationToken: Cancellation);
        bench.Settings.ConnectionString = bench.Settings.ConnectionString!.Replace("Username=postgres", "Username=nobody", StringComparison.Ordinal);
        Assert.Equal("skip", (await RunAsync(bench.Settings)).Status);
    }

    [Fact]
    public async Task A_volume_that_the_server_sees_at_another_path_passes_and_a_copy_of_the_cluster_does_not()
    {
        await using var bench = await Workbench.StartAsync(15);
        var actual = bench.Cluster.Server.DataDirectory;
        var seen = bench.Settings.DataDirectory = bench["volume"];
        Directory.CreateDirectory(Path.Combine(seen, "global"));
        File.Copy(Path.Combine(actual, "global/pg_control"), Path.Combine(seen, "global/pg_control"));
        Assert.Equal("fail", (await RunAsync(bench.Settings)).Status);

        File.Copy(Path.Combine(actual, "postmaster.pid"), Path.Combine(seen, "postmaster.pid"));
        var same = await RunAsync(bench.Settings);
        Assert.Equal("pass", same.Status);
        Assert.EndsWith($"which it sees as {actual}", same.Message, StringComparison.Ordinal);

        var another = File.ReadAllLines(Path.Combine(seen, "postmaster.pid"));
        another[3] = "1";
        File.WriteAllLines(Path.Combine(seen, "postmaster.pid"), another);
        Assert.Equal("fail", (await RunAsync(bench.Settings)).Status);
    }

    [Fact]
    public async Task A_directory_that_is_not_here_fails_with_the_setting_to_correct()
    {
        var result = await RunAsync(new DatabaseSettings { ConnectionString = "Host=127.0.0.1;Port=1;Username=x", DataDirectory = "/does/not/exist" });
        Assert.Equal("fail", result.Status);
        Assert.Contains("/does/not/exist", result.Message, StringComparison.Ordinal);
        Assert.Contains("Database:DataDirectory", Assert.Single(result.Remedy), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/")]
    public async Task Without_a_directory_or_a_server_there_is_nothing_to_compare(string? directory)
    {
        var result = await RunAsync(new DatabaseSettings { ConnectionString = "Host=127.0.0.1;Port=1;Username=x", DataDirectory = directory });
        Assert.Equal("skip", result.Status);
    }

    private static Task<CheckResult> RunAsync(DatabaseSettings settings) => new DataDirectoryCheck(settings).RunAsync(Cancellation);
}
