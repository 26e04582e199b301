using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>With this product gone, the programs of any Linux distribution bring the data back.</summary>
public sealed partial class OpenFormatsTests(LocalStack stack)
{
    private static PointView? _point;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restic_finds_every_repository_whole()
    {
        await PointAsync();
        foreach (var component in Components.All)
        {
            (await ResticAsync(component, "check", "--read-data")).Checked();
        }
    }

    [Fact]
    public async Task A_server_starts_on_what_restic_restores_and_its_dump_equals_the_live_one()
    {
        var snapshot = SnapshotOf(await PointAsync(), Component.Database);
        var target = stack.Scratch("restic-database");

        (await ResticAsync(Component.Database, "restore", snapshot, "--target", target)).Checked();

        await using var server = await RestoredServer.StartAsync(target, Token);
        Assert.Equal(
            WithoutPlaces(await stack.Platform.DumpAsync(Token)), WithoutPlaces(await Platform.DumpAsync(server.Dsn, null, Token)));
    }

    [Fact]
    public async Task Age_opens_with_the_custodians_identity_what_restic_restores()
    {
        var point = await PointAsync();
        foreach (var component in new[] { Component.Secrets, Component.Keys })
        {
            var target = stack.Scratch($"age-{component.Name()}");
            (await ResticAsync(component, "restore", SnapshotOf(point, component), "--target", target)).Checked();
            await AssertDecryptedEqualsLiveAsync(target, stack.Platform.DirectoryOf(component.Name()));
        }
    }

    /// <summary>A full point, taken by the test that comes first: these tests change nothing that is in it.</summary>
    private async Task<PointView> PointAsync()
    {
        if (_point is null)
        {
            await stack.Stella.OkAsync("backup create --full --name open-formats", Token);
            _point = await stack.Stella.PointAsync("open-formats", Token);
        }

        return _point;
    }

    private static string SnapshotOf(PointView point, Component component) => point.Components.Single(one => one.Component == component).SnapshotId;

    /// <summary>A copy that restic made has its tablespaces beside itself, never in the place of the live ones.</summary>
    private static string WithoutPlaces(string dump) => Place().Replace(dump, "");

    [GeneratedRegex("LOCATION '[^']*'")]
    private static partial Regex Place();

    private async Task AssertDecryptedEqualsLiveAsync(string restored, string live)
    {
        var files = Directory.GetFiles(restored, "*.age", SearchOption.AllDirectories);
        Assert.Equal(Directory.GetFiles(live, "*", SearchOption.AllDirectories).Length, files.Length);
        foreach (var file in files)
        {
            var plain = Path.Combine(stack.Scratch("age-plain"), "file");
            (await Processes.RunAsync("age", ["-d", "-i", stack.Environment["STELLA_CUSTODIAN_IDENTITY"], "-o", plain, file], cancellationToken: Token)).Checked();
            var original = file[restored.Length..^".age".Length];
            Assert.Equal(await File.ReadAllBytesAsync(original, Token), await File.ReadAllBytesAsync(plain, Token));
        }
    }

    private Task<ProcessResult> ResticAsync(Component component, params string[] arguments) => Processes.RunAsync(
        "restic",
        ["--no-cache", "--repo", Path.Combine(stack.Location, component.Name()),
            "--password-file", stack.Environment[$"STELLA_PASSWORD_FILE_{component.Name().ToUpperInvariant()}"], .. arguments],
        cancellationToken: Token);
}
