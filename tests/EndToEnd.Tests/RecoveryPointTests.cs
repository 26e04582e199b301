using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

public sealed class RecoveryPointTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_backup_is_listed_verified_and_proven_by_a_restored_server_and_leaves_no_plaintext_of_a_secret_anywhere()
    {
        var secret = $"canary-{Guid.NewGuid():n}";
        var file = Path.Combine(stack.Platform.DirectoryOf("secrets"), "canary.txt");
        await File.WriteAllTextAsync(file, secret, Token);
        await stack.Stella.OkAsync("backup create --full --name whole", Token);
        var created = await stack.Stella.PointAsync("whole", Token);
        Assert.True(created.Full);
        Assert.Equal(Outcome.Complete, created.Outcome);
        Assert.Equal(Components.All, created.Components.Select(component => component.Component).Order());
        Assert.Equal("unverified", created.Proof);
        Assert.Contains("whole", await stack.Stella.OkAsync("backup list --unverified", Token), StringComparison.Ordinal);

        await stack.Stella.OkAsync("backup verify --name whole", Token);
        Assert.Equal("verified", (await stack.Stella.PointAsync("whole", Token)).Proof);

        await stack.Stella.OkAsync("backup test-restore --name whole", Token);
        var proven = await stack.Stella.PointAsync("whole", Token);
        Assert.Equal("proven", proven.Proof);
        var database = proven.Proofs.Last(proof => proof.Component == Component.Database).Result!;
        Assert.Contains(database.Findings, finding => finding.Contains("amcheck", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("whole", await stack.Stella.OkAsync("backup list --last 7d --type full", Token), StringComparison.Ordinal);
        await AssertOnlyInAsync(file, secret);
    }

    [Fact]
    public async Task A_restore_brings_database_files_and_modes_back_byte_for_byte()
    {
        await stack.Stella.OkAsync("backup create --full --name before-damage", Token);
        var (dump, files) = (await stack.Platform.DumpAsync(Token), await stack.Platform.FilesAsync(Token));

        await DamageAsync();
        Assert.NotEqual(dump, await stack.Platform.DumpAsync(Token));
        Assert.NotEqual(files, await stack.Platform.FilesAsync(Token));

        await stack.Stella.OkAsync("service stop --all", Token);
        var plan = await stack.Stella.OkAsync("backup restore --name before-damage --dry-run", Token);
        Assert.Contains(stack.Platform.DataDirectory, plan, StringComparison.Ordinal);
        await stack.Stella.OkAsync("backup restore --name before-damage --confirm", Token);
        await stack.Stella.OkAsync("service start --all", Token);

        Assert.Equal(dump, await stack.Platform.DumpAsync(Token));
        Assert.Equal(files, await stack.Platform.FilesAsync(Token));
        await stack.Stella.OkAsync("service health", Token);
    }

    [Fact]
    public async Task A_restore_to_another_directory_leaves_the_live_data_alone()
    {
        await stack.Stella.OkAsync("backup create --type evidence --name elsewhere", Token);
        var target = stack.Scratch("elsewhere");
        var live = await TreePrint.OfAsync(stack.Platform.DirectoryOf("evidence"), Token);

        await stack.Stella.OkAsync($"backup restore --name elsewhere --target {target} --confirm", Token);

        Assert.Equal(live, await TreePrint.OfAsync(target, Token));
        Assert.Equal(live, await TreePrint.OfAsync(stack.Platform.DirectoryOf("evidence"), Token));
    }

    [Fact]
    public async Task A_deleted_point_is_listed_no_more_and_others_stay_whole()
    {
        await stack.Stella.OkAsync("backup create --type config --name to-keep", Token);
        await File.AppendAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "added-later.yaml"), "later: true\n", Token);
        await stack.Stella.OkAsync("backup create --type config --name to-delete", Token);

        await stack.Stella.OkAsync("backup delete --name to-delete --confirm", Token);

        await stack.Stella.RefusedAsync(4, "backup info --name to-delete", Token);
        await stack.Stella.OkAsync("backup verify --name to-keep", Token);
    }

    [Fact]
    public async Task The_journal_of_an_operation_can_be_read_afterwards()
    {
        var operation = await stack.Stella.StartBackupAsync("--type config --name journal", Token);
        Assert.Equal(Outcome.Complete, (await stack.Stella.EndAsync(operation.Id, Token)).Outcome);
        Assert.Contains("config", await stack.Stella.OkAsync($"backup logs --last 24h --operation {operation.Id}", Token), StringComparison.Ordinal);
        var status = await stack.Stella.JsonAsync<StatusView>("backup status", Token);
        Assert.True(status.Components.Single(component => component.Component == Component.Config).LastSuccessAt >= operation.AcceptedAt);
    }

    /// <summary>Logs, broker, catalog, scratch, location: everything of the stack but the protected directory itself.</summary>
    private async Task AssertOnlyInAsync(string file, string secret)
    {
        var found = await Processes.RunAsync("grep", ["-rlaF", "--devices=skip", secret, stack.Data, stack.Location], cancellationToken: Token);
        var places = found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(place => place != file);
        Assert.Empty(places);
        Assert.True(found.ExitCode == 0, "the search has to find the secret in its own directory, or it did not search");
    }

    private async Task DamageAsync()
    {
        await stack.Platform.SqlAsync(
            """
            CREATE TABLE public.stray (id int);
            DROP TABLE evidence_locker.evidence_artifacts CASCADE;
            UPDATE authority.schema_migrations SET applied_by = 'vandal';
            """, Token);
        var evidence = Directory.GetFiles(stack.Platform.DirectoryOf("evidence"), "*", SearchOption.AllDirectories);
        Assert.True(evidence.Length > 100);
        foreach (var file in evidence.Where((_, index) => index % 3 == 0))
        {
            File.Delete(file);
        }

        var config = Directory.GetFiles(stack.Platform.DirectoryOf("config"), "*", SearchOption.AllDirectories)[0];
        await File.AppendAllTextAsync(config, "\nedited: true\n", Token);
        File.SetUnixFileMode(config, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        File.Delete(Directory.GetFiles(stack.Platform.DirectoryOf("secrets"), "*", SearchOption.AllDirectories)[0]);
        File.Delete(Directory.GetFiles(stack.Platform.DirectoryOf("keys"), "*", SearchOption.AllDirectories)[0]);
    }
}
