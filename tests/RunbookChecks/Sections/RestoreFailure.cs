using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>A restore failed: first the backup is damaged, then it is older than the platform.</summary>
internal sealed class RestoreFailure : Section
{
    private const string Good = "settings-good", Bad = "settings-bad", Older = "before-release";

    public override string Id => "INC-002";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await DamagedAsync(desk, cancellationToken);
        await OlderAsync(desk, cancellationToken);
    }

    private static async Task DamagedAsync(Desk desk, CancellationToken cancellationToken)
    {
        var packs = Path.Combine(desk.Stack.Location, "config", "data");
        var settings = Path.Combine(desk.Platform.DirectoryOf("config"), "settings.yaml");
        await File.WriteAllTextAsync(settings, "good: true\n", cancellationToken);
        await desk.Stella.OkAsync($"backup create --type config --name {Good}", cancellationToken);
        var good = await desk.Platform.FilesAsync(cancellationToken);
        var known = Packs().ToHashSet(StringComparer.Ordinal);
        await File.WriteAllTextAsync(settings, $"good: {Guid.NewGuid()}\n", cancellationToken);
        await desk.Stella.OkAsync($"backup create --type config --name {Bad}", cancellationToken);
        var own = Packs().Where(pack => !known.Contains(pack)).ToList();
        Assert.NotEmpty(own);
        own.ForEach(FlipMiddleBit);
        await desk.Stella.RefusedAsync(20, $"backup restore --name {Bad} --confirm", cancellationToken);
        desk.Fill["<backup-name>"] = Bad;
        desk.Fill["<previous-backup>"] = Good;
        desk.Fill["<type>"] = "config";

        await desk.TypeAsync("stella backup restore-logs --last-attempt", typed =>
        {
            Assert.Contains(Bad, typed.All, StringComparison.Ordinal);
            Assert.Contains("damage", typed.Output, StringComparison.OrdinalIgnoreCase);
        }, cancellationToken);
        await desk.TypeAsync("stella backup verify --name <backup-name>", typed =>
        {
            Assert.Contains("config", typed.Error, StringComparison.Ordinal);
            Assert.Contains(Bad, typed.Error, StringComparison.Ordinal);
        }, cancellationToken, status: 20);
        await desk.TypeAsync("stella doctor --check check.storage.diskspace", typed => Assert.Contains("pass", typed.Output, StringComparison.Ordinal), cancellationToken);
        await desk.TypeAsync("stella backup list --type <type>", typed =>
        {
            var lines = typed.Output.Split('\n');
            Assert.Contains("damaged", Assert.Single(lines, line => line.StartsWith($"{Bad} ", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.DoesNotContain("damaged", Assert.Single(lines, line => line.StartsWith($"{Good} ", StringComparison.Ordinal)), StringComparison.Ordinal);
        }, cancellationToken);
        await desk.TypeAsync("stella backup restore --name <previous-backup> --confirm",
            async _ => Assert.Equal(good, await desk.Platform.FilesAsync(cancellationToken)), cancellationToken);

        own.ForEach(FlipMiddleBit);
        await desk.Stella.OkAsync($"backup verify --name {Bad}", cancellationToken);

        IEnumerable<string> Packs() => Directory.EnumerateFiles(packs, "*", SearchOption.AllDirectories);
    }

    private static async Task OlderAsync(Desk desk, CancellationToken cancellationToken)
    {
        desk.Fill["<backup-name>"] = Older;
        await desk.Stella.OkAsync($"backup create --type database --name {Older}", cancellationToken);
        await File.AppendAllTextAsync(
            Path.Combine(desk.Stack.Data, "platform", "migrations.tsv"), $"stellaops\torchestrator\t004_release.sql\t{new string('a', 64)}\n", cancellationToken);
        await desk.Stella.OkAsync("db migrate --with-migration", cancellationToken);
        Assert.Equal("1", await AppliedAsync());
        await desk.Stella.OkAsync("service stop --service api,release-orchestrator", cancellationToken);

        await desk.TypeAsync("stella backup info --name <backup-name>", async typed =>
        {
            var version = await desk.Platform.SqlAsync("SELECT split_part(current_setting('server_version'), '.', 1)", cancellationToken);
            Assert.Contains($"PostgreSQL {version}", typed.Output, StringComparison.Ordinal);
        }, cancellationToken);

        await desk.Platform.SqlAsync("CREATE TABLE public.made_by_the_release (id int)", cancellationToken);
        await desk.TypeAsync("stella backup restore --name <backup-name> --with-migration", async typed =>
        {
            Assert.Contains($"Type '{Older}'", typed.Output, StringComparison.Ordinal);
            Assert.Equal("", await desk.Platform.SqlAsync("SELECT to_regclass('public.made_by_the_release')", cancellationToken));
            Assert.Equal("1", await AppliedAsync());
        }, cancellationToken, answer: Older);
        await desk.Stella.OkAsync("service start --all", cancellationToken);

        Task<string> AppliedAsync() => desk.Platform.SqlAsync("SELECT count(*) FROM orchestrator.schema_migrations WHERE migration_name = '004_release.sql'", cancellationToken);
    }

    private static void FlipMiddleBit(string file)
    {
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        var value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
