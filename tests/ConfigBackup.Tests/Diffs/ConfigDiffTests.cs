using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.ConfigBackup.Tests.Diffs;

/// <summary>What differs between two snapshots of configuration.</summary>
public sealed class ConfigDiffTests : IAsyncDisposable
{
    private readonly ConfigBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Every_entry_that_differs_is_listed_with_the_lines_of_small_text_files_and_masked_secrets()
    {
        _bench.Write("app.yaml", "port: 1\nname: app\n");
        _bench.Write("db.conf", "password = correct-horse-1\n");
        _bench.Write("gone/old.conf", "old\n");
        _bench.Write("same.conf", "same\n");
        _bench.Write("mode.conf", "mode\n");
        await File.WriteAllBytesAsync(Path.Combine(_bench.Source, "logo.png"), [0x89, 0x50, 0, 1, 2], TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(_bench.Source, "current"), "one");
        var before = await _bench.BackupAsync();

        _bench.Write("app.yaml", "port: 2\nname: app\n");
        _bench.Write("db.conf", "password = correct-horse-2\n");
        _bench.Write("new/added.conf", "a\nb\n");
        Directory.Delete(Path.Combine(_bench.Source, "gone"), recursive: true);
        File.SetUnixFileMode(Path.Combine(_bench.Source, "mode.conf"), UnixFileMode.UserRead);
        await File.WriteAllBytesAsync(Path.Combine(_bench.Source, "logo.png"), [0x89, 0x50, 0, 1, 2, 3], TestContext.Current.CancellationToken);
        File.Delete(Path.Combine(_bench.Source, "current"));
        File.CreateSymbolicLink(Path.Combine(_bench.Source, "current"), "two");
        _bench.Write("large.log", new string('x', 300_000));
        var after = await _bench.BackupAsync();

        var diff = await DiffAsync(before, after);

        Assert.Equal((3L, 2L, 5L), (diff.Added, diff.Removed, diff.Changed));
        var items = diff.Items.ToDictionary(item => Path.GetRelativePath(_bench.Source, item.Path));
        Assert.Equal(["app.yaml", "current", "db.conf", "gone", "gone/old.conf", "large.log", "logo.png", "mode.conf", "new", "new/added.conf"], items.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("@@ -1,2 +1,2 @@\n-port: 1\n+port: 2\n name: app\n", items["app.yaml"].Text);
        Assert.Equal("@@ -1 +1 @@\n-password = (masked)\n+password = (masked)\n", items["db.conf"].Text);
        Assert.Equal("@@ -0,0 +1,2 @@\n+a\n+b\n", items["new/added.conf"].Text);
        Assert.Equal(("removed", "@@ -1 +0,0 @@\n-old\n"), (items["gone/old.conf"].Change, items["gone/old.conf"].Text));
        Assert.Equal(("content", 5L, 6L, "binary"), (items["logo.png"].Change, items["logo.png"].SizeBefore, items["logo.png"].SizeAfter, items["logo.png"].Detail));
        Assert.NotEqual(items["logo.png"].Sha256Before, items["logo.png"].Sha256After);
        Assert.Equal(("added", "larger than 128 KiB", 64), (items["large.log"].Change, items["large.log"].Detail, items["large.log"].Sha256After!.Length));
        Assert.Equal(("content", "to two, before to one"), (items["current"].Change, items["current"].Detail));
        Assert.StartsWith("mode 0400, before 0644", items["mode.conf"].Detail, StringComparison.Ordinal);

        var one = await DiffAsync(before, after, Path.Combine(_bench.Source, "new") + "/");
        Assert.Equal(["dir", "file"], one.Items.Select(item => item.Type));
        Assert.Empty((await DiffAsync(before, after, Path.Combine(_bench.Source, "same.conf"))).Items);
        var mistyped = await Assert.ThrowsAsync<BackupException>(() => DiffAsync(before, after, Path.Combine(_bench.Source, "app.yml")));
        Assert.Equal(ErrorCodes.InvalidInput, mistyped.Error);
        Assert.Contains("app.yaml", mistyped.Message, StringComparison.Ordinal);
        Assert.Equal((0L, 0L, 0L), await DiffAsync(after, after) is var none ? (none.Added, none.Removed, none.Changed) : default);
    }

    [Fact]
    public async Task Other_permissions_are_told_beside_other_content_and_files_of_passwords_are_masked_by_their_name()
    {
        var file = Path.Combine(_bench.Source, ".pgpass");
        _bench.Write(".pgpass", "db:5432:*:app:one\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var before = await _bench.BackupAsync();
        _bench.Write(".pgpass", "db:5432:*:app:two2\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var item = Assert.Single((await DiffAsync(before, await _bench.BackupAsync())).Items);

        Assert.Equal(("content", "mode 0604, before 0640", "@@ -1 +1 @@\n-(masked)\n+(masked)\n"), (item.Change, item.Detail, item.Text));
    }

    [Fact]
    public async Task Of_an_entry_that_has_another_type_now_no_permissions_are_compared()
    {
        var entry = Path.Combine(_bench.Source, "current");
        _bench.Write("current", "now a file, then a link\n");
        var before = await _bench.BackupAsync();
        File.Delete(entry);
        File.CreateSymbolicLink(entry, "elsewhere");

        var items = (await DiffAsync(before, await _bench.BackupAsync(), entry)).Items;

        Assert.Equal(("type", "file before"), (Assert.Single(items).Change, items[0].Detail));
    }

    [Fact]
    public async Task The_result_is_bounded_and_counts_all()
    {
        var before = await BackupOfAsync(0);
        var after = await BackupOfAsync(DiffResult.MaxItems + 50);

        var diff = await DiffAsync(before, after);

        Assert.Equal((DiffResult.MaxItems + 50L, DiffResult.MaxItems), (diff.Added, diff.Items.Count));
        Assert.True(diff.Items.Sum(item => item.Text?.Length ?? 0) <= DiffResult.MaxText);
        Assert.Contains(diff.Items, item => item.Detail?.StartsWith("not shown", StringComparison.Ordinal) == true);

        async Task<TaskResult> BackupOfAsync(int files)
        {
            _bench.Write("first.conf", "first\n");
            for (var i = 0; i < files; i++)
            {
                _bench.Write($"{i:d4}.conf", $"{i} {new string('x', 500)}\n");
            }

            return await _bench.BackupAsync();
        }
    }

    private async Task<DiffResult> DiffAsync(TaskResult before, TaskResult after, string? path = null) => (await _bench.Handler.DiffAsync(
        _bench.Task(), new DiffSpec { Before = before.Snapshot!.SnapshotId, After = after.Snapshot!.SnapshotId, Path = path }, TestContext.Current.CancellationToken)).Diff!;
}
