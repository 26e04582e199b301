using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

public sealed class SecrecyTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_plaintext_of_a_secret_is_anywhere_after_backup_and_restore()
    {
        var secret = $"canary-{Guid.NewGuid():n}";
        var file = Path.Combine(stack.Platform.DirectoryOf("secrets"), "canary.txt");
        await File.WriteAllTextAsync(file, secret, Token);
        await stack.Stella.OkAsync("backup create --full --name canary", Token);
        await stack.Stella.OkAsync("backup verify --name canary", Token);
        await stack.Stella.OkAsync("backup test-restore --name canary", Token);
        await stack.Stella.OkAsync("backup info --name canary --format json", Token);

        // Logs, broker, catalog, scratch, location: everything of the stack but the protected directory itself.
        var found = await Processes.RunAsync("grep", ["-rlaF", "--devices=skip", secret, stack.Data, stack.Location], cancellationToken: Token);
        var places = found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(place => place != file);
        Assert.Empty(places);
        Assert.True(found.ExitCode == 0, "the search has to find the secret in its own directory, or it did not search");
    }
}
