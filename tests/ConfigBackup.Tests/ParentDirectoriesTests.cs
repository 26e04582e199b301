using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.ConfigBackup.Tests;

/// <summary>A restore on a new host, where not even the directory of a file is.</summary>
public sealed class ParentDirectoriesTests : IAsyncDisposable
{
    private const string Owners = "stat -c '%a %u:%g' gone gone/deeper";
    private readonly ConfigBench _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("gone/deeper/app.conf", true)]
    [InlineData("gone/deeper/app.conf", false)]
    [InlineData("gone/deeper/conf.d", false)]
    public async Task Directories_above_a_place_that_are_gone_come_back_as_they_were(string path, bool keepReplaced)
    {
        await using var bench = new ConfigBench(("Config:Paths:0", Path.Combine(_host.Source, path)));
        _host.Write(path.EndsWith(".d", StringComparison.Ordinal) ? $"{path}/app.conf" : path, "a = 1");
        await ShellAsync("chmod 751 gone && chmod 750 gone/deeper && if [ \"$(id -u)\" = 0 ]; then chown 4321:1234 gone gone/deeper; fi");
        var before = await ShellAsync(Owners);
        var backup = await bench.BackupAsync();
        Directory.Delete(Path.Combine(_host.Source, "gone"), recursive: true);

        await bench.RestoreAsync(backup, keepReplaced: keepReplaced);

        Assert.True(Path.Exists(Path.Combine(_host.Source, path)));
        Assert.Equal(before, await ShellAsync(Owners));
    }

    private async Task<string> ShellAsync(string script) => (await Processes.RunAsync(
        "/bin/sh", ["-c", script], workingDirectory: _host.Source, cancellationToken: TestContext.Current.CancellationToken)).Checked().Output;
}
