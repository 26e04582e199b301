using System.Text.Json;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary><c>stella repo</c>: the built program on a real repository, without any server.</summary>
public sealed class RepoCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-repo-");
    private readonly StellaProgram _stella = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Source => _directory["source"];

    public RepoCommandTests()
    {
        Directory.CreateDirectory(Path.Combine(Source, "inner"));
        File.WriteAllText(Path.Combine(Source, "a.txt"), "first");
        File.WriteAllText(Path.Combine(Source, "inner", "b.txt"), "second");
        File.WriteAllText(_directory["password"], "correct horse\n");
        File.WriteAllText(_directory["other"], "battery staple\n");
    }

    [Fact]
    public async Task Files_are_saved_found_compared_written_out_and_restored()
    {
        await RunAsync(0, "init");
        var first = (await JsonAsync("backup", Source)).GetProperty("snapshot").GetProperty("id").GetString()!;
        await File.WriteAllTextAsync(Path.Combine(Source, "inner", "b.txt"), "changed", Cancel);
        var second = (await JsonAsync("backup", Source, "--tag", "two")).GetProperty("snapshot").GetProperty("id").GetString()!;

        Assert.Equal([second, first], Items(await JsonAsync("snapshots")).Select(item => item.GetProperty("id").GetString()!));
        Assert.Equal([$"{Source}/a.txt", $"{Source}/inner"], Items(await JsonAsync("ls", "latest", Source)).Select(PathOf));
        Assert.Equal([$"{Source}/inner/b.txt"], Items(await JsonAsync("find", "b.*", "--snapshot", first)).Select(PathOf));
        Assert.Contains($"{Source}/inner/b.txt", Items(await JsonAsync("diff", first[..12], second[..12])).Where(IsContent).Select(PathOf));
        Assert.Equal("second", (await RunAsync(0, "dump", first, $"{Source}/inner/b.txt")).Output);
        Assert.Equal(2, (await JsonAsync("stats")).GetProperty("snapshots").GetInt32());
        Assert.Equal(12, Items(await JsonAsync("stats", "--restore-size", "--snapshot", second)).Single().GetProperty("bytes").GetInt64());

        await RunAsync(0, "restore", "latest", "--target", _directory["target"], "--subtree", Source);
        Assert.Empty(await TreeComparer.DifferencesAsync(Source, _directory["target"], cancellationToken: Cancel));
        Assert.Equal(0, (await JsonAsync("verify")).GetProperty("damages").GetArrayLength());
        Assert.Contains("everything was read since", (await RunAsync(0, "verify", "--share", "1/1")).Output, StringComparison.Ordinal);
        await RunAsync(2, "verify", "--share", "3");
    }

    [Fact]
    public async Task What_destroys_needs_to_be_confirmed()
    {
        await InitAsync();
        await RunAsync(0, "backup", Source);
        Assert.Contains("--confirm", (await RunAsync(23, "forget", "latest")).Error, StringComparison.Ordinal);
        Assert.Contains("--confirm", (await RunAsync(23, "restore", "latest", "--target", Source)).Error, StringComparison.Ordinal);
        Assert.Single(Items(await JsonAsync("snapshots")));
        await RunAsync(0, "forget", "latest", "--confirm");
        Assert.Empty(Items(await JsonAsync("snapshots")));
        await RunAsync(23, "prune");
        Assert.True((await JsonAsync("prune", "--dry-run")).GetProperty("dryRun").GetBoolean());
        await RunAsync(0, "prune", "--confirm");
        await RunAsync(0, "check");
    }

    [Fact]
    public async Task Mistakes_are_named_with_what_would_be_right()
    {
        await RunAsync(4, "snapshots");
        await InitAsync();
        await RunAsync(5, "init");
        Assert.Contains("has none", (await RunAsync(4, "ls", "abcd")).Error, StringComparison.Ordinal);
        await RunAsync(0, "backup", Source);
        Assert.Contains("'/no'", (await RunAsync(4, "dump", "latest", "/no")).Error, StringComparison.Ordinal);
        Assert.Contains("'latest'", (await RunAsync(2, "ls", "newest")).Error, StringComparison.Ordinal);
        await RunAsync(2, "backup", _directory["nothing"]);
        await RunAsync(2, "snapshots", "--location", _directory["location"]);
        Assert.Contains("opens no key", (await RunAsync(3, "snapshots", "--password-file", _directory["other"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_ends_with_its_own_status_and_names_the_object()
    {
        await InitAsync();
        await File.WriteAllBytesAsync(Path.Combine(Source, "large"), System.Security.Cryptography.RandomNumberGenerator.GetBytes(100_000), Cancel);
        await RunAsync(0, "backup", Source);
        var pack = Directory.GetFiles(_directory["repository", "data"], "*", SearchOption.AllDirectories).MaxBy(path => new FileInfo(path).Length)!; // Of data: a check reads trees.
        var content = await File.ReadAllBytesAsync(pack, Cancel);
        content[0] ^= 1;
        await File.WriteAllBytesAsync(pack, content, Cancel);
        await RunAsync(0, "check");
        Assert.Contains(Path.GetFileName(pack), (await RunAsync(20, "verify")).Output, StringComparison.Ordinal);

        await InitAsync("second");
        string[] second = ["--from-repo", _directory["repository"], "--from-password-file", _directory["password"], "--repo", _directory["second"]];
        Assert.Contains("'stella repo repair data'", (await RunAsync(20, ["copy", .. second])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repair_that_leaves_damage_ends_with_the_status_of_damage()
    {
        await InitAsync();
        await RunAsync(0, "backup", Source);
        await RunAsync(0, "repair", "index");
        await RunAsync(0, "repair", "snapshots");
        var packs = Directory.GetFiles(_directory["repository", "data"], "*", SearchOption.AllDirectories);
        foreach (var pack in packs)
        {
            File.Delete(pack);
        }

        foreach (var arguments in (string[][])[["--dry-run"], []])
        {
            var repaired = await RunAsync(20, ["repair", "index", .. arguments]);
            Assert.All(packs, pack => Assert.Contains($"/{Path.GetFileName(pack)}", repaired.Output, StringComparison.Ordinal));
            Assert.Contains("'stella repo check'", repaired.Error, StringComparison.Ordinal);
        }

        Assert.Contains("left as it is, its root is lost", (await RunAsync(20, "repair", "snapshots")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_are_added_changed_and_taken_back()
    {
        await InitAsync();
        await RunAsync(0, "key", "add", "--new-password-file", _directory["other"]);
        var keys = Items(await JsonAsync("key", "list"));
        Assert.Equal(2, keys.Count);
        var old = keys.Single(key => key.GetProperty("current").GetBoolean()).GetProperty("id").GetString()!;
        await RunAsync(5, "key", "remove", old[..10], "--confirm");
        await RunAsync(0, "key", "remove", old[..10], "--confirm", "--password-file", _directory["other"]);
        await RunAsync(3, "snapshots");
    }

    [Fact]
    public async Task A_forgotten_snapshot_is_listed_and_brought_back()
    {
        await InitAsync();
        var id = (await JsonAsync("backup", Source)).GetProperty("snapshot").GetProperty("id").GetString()!;
        await RunAsync(0, "forget", id[..12], "--confirm");
        Assert.Empty(Items(await JsonAsync("snapshots")));
        Assert.Equal(id, Items(await JsonAsync("undelete", "--list")).Single().GetProperty("id").GetString());
        await RunAsync(0, "undelete", id[..12]);
        Assert.Equal(id, Items(await JsonAsync("snapshots")).Single().GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_location_and_a_component_name_the_repository_in_it()
    {
        string[] place = ["--location", _directory["location"], "--type", "evidence"];
        var environment = Environment();
        environment["STELLA_REPOSITORY"] = null;
        (await Processes.RunAsync(StellaProgram.Path, ["repo", "init", .. place], environment, cancellationToken: Cancel)).Checked();
        Assert.True(File.Exists(_directory["location", "evidence", "config"]));
        Assert.True(File.Exists(_directory["location", "location.json"]));
        (await Processes.RunAsync(StellaProgram.Path, ["repo", "snapshots", .. place], environment, cancellationToken: Cancel)).Checked();
    }

    public void Dispose()
    {
        _stella.Dispose();
        _directory.Dispose();
    }

    private static bool IsContent(JsonElement item) => item.GetProperty("change").GetString() == "content";

    private static string PathOf(JsonElement item) => item.GetProperty("path").GetString()!;

    private static IReadOnlyList<JsonElement> Items(JsonElement page) => [.. page.GetProperty("items").EnumerateArray()];

    /// <summary>As <c>init</c> does, but for the cost of the password, which every command pays.</summary>
    private async Task InitAsync(string name = "repository")
    {
        await using var store = new LocalObjectStore(Directory.CreateDirectory(_directory[name]).FullName);
        await (await ResticRepository.InitAsync(store, "correct horse", new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1) }, Cancel)).DisposeAsync();
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) =>
        JsonDocument.Parse((await RunAsync(0, [.. arguments, "--format", "json"])).Output).RootElement;

    private async Task<ProcessResult> RunAsync(int status, params string[] arguments)
    {
        var result = await Processes.RunAsync(StellaProgram.Path, ["repo", .. arguments], Environment(), cancellationToken: Cancel);
        Assert.True(result.ExitCode == status, $"'{string.Join(' ', arguments)}' ended with {result.ExitCode}: {result.Error}");
        return result;
    }

    private Dictionary<string, string?> Environment()
    {
        var environment = _stella.EnvironmentFor(server: null);
        environment["STELLA_REPOSITORY"] = _directory["repository"];
        environment["STELLA_PASSWORD_FILE"] = _directory["password"];
        return environment;
    }
}
