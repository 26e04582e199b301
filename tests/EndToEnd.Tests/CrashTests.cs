using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>Any process may die in the middle of a backup; when it is back, the backup ends complete without a human.</summary>
public sealed class CrashTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("database-backup", Component.Database)]
    [InlineData("evidence-backup", Component.Evidence, Explicit = true)]
    [InlineData("secrets-backup", Component.Secrets, Explicit = true)]
    [InlineData("coordinator", Component.Database)]
    [InlineData("coordinator", Component.Evidence, Explicit = true)]
    [InlineData("gateway", Component.Database, Explicit = true)]
    [InlineData("rabbitmq", Component.Database)]
    [InlineData("catalog", Component.Database, Explicit = true)]
    public async Task A_backup_survives_the_death_of_any_process(string service, Component during)
    {
        var name = $"crash-{service}-{during.Name()}";
        var operation = await stack.Stella.StartBackupAsync($"--full --name {name}", Token);
        await stack.Stella.AtWorkAsync(operation.Id, during, Token);

        try
        {
            await stack.KillAsync(service, Token);
        }
        finally
        {
            await stack.UpAsync(Token);
        }

        var ended = await stack.Stella.EndAsync(operation.Id, Token);
        Assert.True(ended.Outcome == Outcome.Complete, $"{ended.Outcome}: {ended.Error?.Message}");
        var points = await stack.Stella.JsonAsync<Page<PointView>>("backup list", Token);
        Assert.Single(points.Items, point => point.Name == name);
        await stack.Stella.OkAsync($"backup verify --name {name}", Token);
        AssertNoTemporaryData();
    }

    [Fact]
    public async Task A_second_evidence_worker_takes_its_share_and_its_end_loses_nothing()
    {
        await using var second = await SecondWorker.StartAsync(stack, "evidence-backup", Token);
        var operations = new List<OperationView>();
        for (var i = 0; i < 6; i++)
        {
            operations.Add(await stack.Stella.StartBackupAsync($"--type evidence --name share-{i}", Token));
        }

        var workers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (operation, index) in operations.Select((operation, index) => (operation, index)))
        {
            var ended = await stack.Stella.EndAsync(operation.Id, Token);
            Assert.Equal(Outcome.Complete, ended.Outcome);
            workers.UnionWith(ended.Tasks.Select(task => task.Worker!));
            if (index == 3)
            {
                await second.StopAsync(Token);
            }
        }

        Assert.Equal(2, workers.Count);
    }

    private void AssertNoTemporaryData()
    {
        var leftovers = Directory.EnumerateFileSystemEntries(stack.Location, "*", SearchOption.AllDirectories)
            .Select(path => $"/{Path.GetRelativePath(stack.Location, path)}")
            .Where(path => path.Contains("tmp", StringComparison.Ordinal) || path.Contains("/locks/", StringComparison.Ordinal)
                || path.Contains("/exchange/", StringComparison.Ordinal));
        Assert.Empty(leftovers);
    }
}
