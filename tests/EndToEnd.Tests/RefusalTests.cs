using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>Each wrong turn is a clear error with a next step and its exit status, and leaves nothing half-written.</summary>
public sealed class RefusalTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, "backup create --full --type database")]
    [InlineData(2, "backup create --type floppy --name x")]
    [InlineData(2, "backup create --full --name not/allowed")]
    [InlineData(2, "backup create --full --nmae x")]
    [InlineData(2, "backup list --last yesterday")]
    [InlineData(4, "backup info --name nobody")]
    [InlineData(4, "backup verify --name nobody")]
    [InlineData(4, "backup restore --name nobody --confirm")]
    [InlineData(4, "backup test-restore --name nobody")]
    [InlineData(4, "service stop --service nobody")]
    [InlineData(4, "doctor --check check.nobody")]
    public Task A_wrong_command_line_is_refused_with_its_status(int exitStatus, string commandLine) =>
        stack.Stella.RefusedAsync(exitStatus, commandLine, Token);

    [Fact]
    public async Task A_name_is_never_used_twice()
    {
        await stack.Stella.OkAsync("backup create --type config --name once", Token);
        var error = await stack.Stella.RefusedAsync(2, "backup create --type config --name once", Token);
        Assert.Contains("once", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Destruction_wants_a_confirmation()
    {
        await stack.Stella.OkAsync("backup create --type config --name unconfirmed", Token);
        await stack.Stella.RefusedAsync(23, "backup restore --name unconfirmed", Token);
        await stack.Stella.RefusedAsync(23, "backup delete --name unconfirmed", Token);
    }

    [Fact]
    public async Task A_running_server_is_not_overwritten()
    {
        await stack.Stella.OkAsync("backup create --type database --name running", Token);
        await stack.Stella.RefusedAsync(5, "backup restore --type database --name running --confirm", Token);
        Assert.Equal("1", await stack.Platform.SqlAsync("SELECT 1", Token));
    }

    [Fact]
    public async Task A_wrong_token_is_not_let_in()
    {
        var result = await stack.Stella.RunAsync(["backup", "list"], new Dictionary<string, string?> { ["STELLA_TOKEN"] = "wrong" }, Token);
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public async Task A_database_that_is_down_fails_the_backup_with_a_retryable_status()
    {
        await stack.Stella.OkAsync("service stop --service postgres", Token);
        try
        {
            await stack.Stella.RefusedAsync(10, "backup create --type database --name database-down", Token);
        }
        finally
        {
            await stack.Stella.OkAsync("service start --all", Token);
        }

        await AssertNotListedAsync("database-down");
    }

    [Fact]
    public async Task A_missing_privilege_is_named_with_the_statement_that_grants_it()
    {
        const string Start = "EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean)";
        await stack.Platform.SqlAsync($"\\connect postgres\nREVOKE {Start} FROM stella_backup;", Token);
        try
        {
            var error = await stack.Stella.RefusedAsync(3, "backup create --type database --name no-privilege", Token);
            Assert.Contains("GRANT", error, StringComparison.Ordinal);
            Assert.Contains("pg_backup_start", error, StringComparison.Ordinal);
        }
        finally
        {
            await stack.Platform.SqlAsync($"\\connect postgres\nGRANT {Start} TO stella_backup;", Token);
        }

        await AssertNotListedAsync("no-privilege");
    }

    [Fact]
    public async Task A_wrong_repository_password_is_told_apart_from_damage()
    {
        await stack.Stella.OkAsync("backup create --type config --name right-password", Token);
        var file = stack.Environment["STELLA_PASSWORD_FILE_CONFIG"];
        var password = await File.ReadAllTextAsync(file, Token);
        await File.WriteAllTextAsync(file, "wrong\n", Token);
        try
        {
            await stack.Stella.RefusedAsync(3, "backup create --type config --name wrong-password", Token);
        }
        finally
        {
            await File.WriteAllTextAsync(file, password, Token);
        }

        await AssertNotListedAsync("wrong-password");
    }

    [Fact]
    public async Task A_full_disk_fails_the_backup_and_is_usable_again_when_there_is_space()
    {
        var repository = Path.Combine(stack.Location, Component.Config.Name());
        var saved = stack.Scratch("before-full");
        await stack.Stella.OkAsync("backup create --type config --name before-full", Token);
        await RunAsync("cp", "-a", "-T", repository, saved);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", repository);
        try
        {
            await RunAsync("cp", "-a", "-T", saved, repository);
            await RunAsync("bash", "-c", $"head -c 100m /dev/zero > {repository}/filler 2>/dev/null || true");
            var fresh = Path.Combine(stack.Platform.DirectoryOf("config"), "fresh.bin");
            await File.WriteAllBytesAsync(fresh, System.Security.Cryptography.RandomNumberGenerator.GetBytes(1 << 20), Token);
            await stack.Stella.RefusedAsync(22, "backup create --type config --name disk-full", Token);
            await AssertNotListedAsync("disk-full");

            File.Delete($"{repository}/filler");
            File.Delete(fresh);
            await stack.Stella.OkAsync("backup create --type config --name space-again", Token);
            await stack.Stella.OkAsync("backup verify --name space-again", Token);
            await stack.Stella.OkAsync("backup delete --name space-again --confirm", Token);
        }
        finally
        {
            await RunAsync("umount", "--lazy", repository);
        }

        await stack.Stella.OkAsync("backup verify --name before-full", Token);
    }

    private async Task AssertNotListedAsync(string name)
    {
        var points = await stack.Stella.JsonAsync<Page<PointView>>("backup list", Token);
        Assert.DoesNotContain(points.Items, point => point.Name == name);
    }

    private static async Task RunAsync(string program, params string[] arguments) =>
        (await Processes.RunAsync(program, arguments, cancellationToken: Token)).Checked();
}
