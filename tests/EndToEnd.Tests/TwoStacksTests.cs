using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

public sealed class TwoStacksTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_stack_on_ports_of_the_first_is_refused_before_anything_is_made()
    {
        var data = Path.Combine(stack.Scratch("second-stack"), "data");
        var port = new Uri(stack.Environment["STELLA_SERVER"]).Port;
        var refused = await Processes.RunAsync(
            Path.Combine(LocalStack.Root, "deploy/local/up"), ["--data", data, "--ports", $"{port}", "--no-first-backup"], cancellationToken: Token);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("in use", refused.Error, StringComparison.Ordinal);
        Assert.Contains("next: ", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task Stopping_a_stack_that_is_not_there_stops_nothing()
    {
        var nowhere = Path.Combine(stack.Scratch("no-stack"), "data");
        var refused = await Processes.RunAsync(Path.Combine(LocalStack.Root, "deploy/local/down"), ["--data", nowhere], cancellationToken: Token);
        Assert.Equal(2, refused.ExitCode);
        await stack.Stella.OkAsync("backup status", Token);
    }
}
