using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary><c>stella keygen</c>, judged by age's own programs.</summary>
public sealed class KeygenTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryDirectory _directory = new("stella-keygen-");
    private readonly StellaProgram _stella = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_printed_recipient_encrypts_what_the_identity_opens()
    {
        var made = await StellaAsync("keygen", _directory["identity"]);
        Assert.Equal(0, made.ExitCode);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory["identity"]));
        Assert.Equal(made.Output, (await Processes.RunAsync("age-keygen", ["-y", _directory["identity"]], cancellationToken: Cancel)).Output);

        await File.WriteAllTextAsync(_directory["plain"], "secret", Cancel);
        await Processes.RunAsync("age", ["-r", made.Output.Trim(), "-o", _directory["sealed"], _directory["plain"]], cancellationToken: Cancel);
        Assert.Equal("secret", (await Processes.RunAsync("age", ["-d", "-i", _directory["identity"], _directory["sealed"]], cancellationToken: Cancel)).Output);
    }

    [Fact]
    public async Task A_post_quantum_recipient_is_of_the_other_kind() =>
        Assert.StartsWith("age1pq1", (await StellaAsync("keygen", _directory["identity"], "--post-quantum")).Output, StringComparison.Ordinal);

    [Fact]
    public async Task An_identity_is_never_replaced()
    {
        await StellaAsync("keygen", _directory["identity"]);
        var first = await File.ReadAllTextAsync(_directory["identity"], Cancel);
        var second = await StellaAsync("keygen", _directory["identity"]);
        Assert.Equal(2, second.ExitCode);
        Assert.Contains("never replaced", second.Error, StringComparison.Ordinal);
        Assert.Equal(first, await File.ReadAllTextAsync(_directory["identity"], Cancel));
    }

    public void Dispose()
    {
        _stella.Dispose();
        _directory.Dispose();
    }

    private Task<ProcessResult> StellaAsync(params string[] arguments) =>
        Processes.RunAsync(StellaProgram.Path, arguments, _stella.EnvironmentFor(null), cancellationToken: Cancel);
}
