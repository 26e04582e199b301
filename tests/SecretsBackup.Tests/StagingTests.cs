using System.Collections.Concurrent;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.SecretsBackup.Tests;

/// <summary>What of decrypted content stays beside a path: nothing, however a restore ends.</summary>
public sealed class StagingTests : IDisposable
{
    private readonly SecretsSite _site = new();
    private readonly Guid _task = Guid.NewGuid();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Staged => $"{_site.Source}.restoring-{_task:N}";

    private string Replaced => $"{_site.Source}.replaced-{_task:N}";

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task A_restore_that_ends_early_takes_its_decrypted_content_away()
    {
        await using (await Staging.BeginAsync(new KeptPlace(_site.Source, _task), _site.Log, Cancellation))
        {
            WriteStaged();
        }

        Assert.Equal(["source"], Beside());
    }

    [Fact]
    public async Task What_only_lacks_its_name_stays_for_the_next_attempt()
    {
        var backup = await BackUpAsync();
        await using (await Staging.BeginAsync(new KeptPlace(_site.Source, _task), _site.Log, Cancellation))
        {
            WriteStaged();
            Directory.Move(_site.Source, Replaced);
        }

        Assert.True(File.Exists($"{Staged}.lock"));
        var warnings = new List<string>();
        Assert.Empty(await _site.Handler().RemoveAbandonedAsync(warnings.Add, Cancellation));
        Assert.True(Directory.Exists(Staged));
        Assert.Contains($"{Staged} holds decrypted secrets that are not at {_site.Source} yet; what was there is {Replaced}.", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains(warnings[0], _site.Log.Text, StringComparison.Ordinal);
        await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task, attempt: 2));
        Assert.Equal("staged", await File.ReadAllTextAsync(Path.Combine(_site.Source, "stella.env"), Cancellation));
        Assert.Equal(["source", $"source.replaced-{_task:N}"], Beside());
    }

    [Fact]
    public async Task A_path_that_a_program_makes_anew_between_the_two_renames_is_kept_too()
    {
        var backup = await BackUpAsync();
        WriteStaged();
        Directory.Move(_site.Source, Replaced);
        _site.Write("stella.env", "made anew");

        var restored = await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task, attempt: 2));

        Assert.Equal($"{Replaced}, {Replaced}.2", restored.Restore!.ReplacedDirectory);
        Assert.Equal("staged", await File.ReadAllTextAsync(Path.Combine(_site.Source, "stella.env"), Cancellation));
        Assert.Equal("then", await File.ReadAllTextAsync(Path.Combine(Replaced, "stella.env"), Cancellation));
        Assert.Equal("made anew", await File.ReadAllTextAsync(Path.Combine($"{Replaced}.2", "stella.env"), Cancellation));
        Assert.Equal(["source", Path.GetFileName(Replaced), Path.GetFileName(Replaced) + ".2"], Beside());
    }

    [Fact]
    public void What_was_there_has_its_name_again_when_nothing_can_take_it()
    {
        _site.Write("stella.env", "now");
        var place = new KeptPlace(_site.Source, _task); // Without staged content.

        Assert.Throws<FileNotFoundException>(place.Exchange);

        Assert.Equal("now", File.ReadAllText(Path.Combine(_site.Source, "stella.env")));
        Assert.Equal(["source"], Beside());
    }

    [Fact]
    public async Task A_later_attempt_does_not_keep_what_the_first_restored_where_nothing_was()
    {
        var zone = Directory.CreateDirectory(_site["zone"]).FullName;
        var last = Path.Combine(zone, "stella.env");
        await File.WriteAllTextAsync(last, "then", Cancellation);
        _site.Settings.Paths = [_site.Source, last];
        var backup = await BackUpAsync();
        Directory.Delete(_site.Source, recursive: true);
        Directory.Delete(zone, recursive: true);
        File.CreateSymbolicLink(zone, _site["nowhere"]); // Here the first attempt fails, with the source restored.

        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => _site.RestoreAsync(backup, keep: true, context: _site.Context(_task)));
        Assert.Equal(["source", Path.GetFileName(Replaced) + ".none"], Beside());
        File.Delete(zone);
        var restored = await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task, attempt: 2));

        Assert.Null(restored.Restore!.ReplacedDirectory);
        Assert.Equal([last], Directory.GetFileSystemEntries(zone));
        Assert.Equal("then", await File.ReadAllTextAsync(Path.Combine(_site.Source, "stella.env"), Cancellation));
        Assert.Equal(["source"], Beside());
    }

    [Fact]
    public async Task What_a_killed_process_left_goes_at_the_next_start_and_what_another_works_on_does_not()
    {
        WriteStaged();
        await File.WriteAllTextAsync($"{Staged}.lock", "", Cancellation);
        var other = new KeptPlace(_site.Source, Guid.NewGuid());
        await using var working = await Staging.BeginAsync(other, _site.Log, Cancellation);
        Directory.CreateDirectory(other.Staged);

        Assert.Equal([Staged], await _site.Handler().RemoveAbandonedAsync(_site.Log.Warning, Cancellation));
        Assert.Equal(["source", Path.GetFileName(other.Staged), Path.GetFileName(other.Staged) + ".lock"], Beside());
    }

    [Fact]
    public async Task A_file_is_nowhere_decrypted_but_where_a_killed_process_is_swept_after()
    {
        var backup = await BackUpFileAsync();
        var names = new ConcurrentQueue<string?>();
        var ended = new TaskCompletionSource();
        using var watcher = new FileSystemWatcher(_site.Source);
        watcher.Created += (_, created) =>
        {
            names.Enqueue(created.Name);
            if (created.Name == "end")
            {
                ended.SetResult(); // After everything before it.
            }
        };
        watcher.EnableRaisingEvents = true;

        await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task));
        _site.Write("end", "");
        await ended.Task.WaitAsync(Cancellation);
        Assert.Equal([$"stella.env.restoring-{_task:N}.lock", $"stella.env.restoring-{_task:N}", "stella.env", "end"], names);
        Assert.Equal(["end", "stella.env", $"stella.env.replaced-{_task:N}"], Directory.GetFileSystemEntries(_site.Source).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_whose_exchange_was_cut_short_gets_its_place_from_the_next_attempt(bool isInside)
    {
        var backup = await BackUpFileAsync();
        var file = Path.Combine(_site.Source, "stella.env");
        var staged = Directory.CreateDirectory($"{file}.restoring-{_task:N}").FullName;
        File.Move(file, $"{file}.replaced-{_task:N}");
        await File.WriteAllTextAsync(isInside ? Path.Combine(staged, "stella.env") : file, "staged", Cancellation);

        await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task, attempt: 2));
        Assert.Equal(("staged", "now"), (await File.ReadAllTextAsync(file, Cancellation), await File.ReadAllTextAsync($"{file}.replaced-{_task:N}", Cancellation)));
        Assert.Equal(["stella.env", $"stella.env.replaced-{_task:N}"], Directory.GetFileSystemEntries(_site.Source).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Where_a_file_has_its_place_the_empty_directory_that_it_came_from_goes_without_a_warning()
    {
        var backup = await BackUpFileAsync();
        var file = Path.Combine(_site.Source, "stella.env");
        var staged = Directory.CreateDirectory($"{file}.restoring-{_task:N}").FullName;
        await File.WriteAllTextAsync($"{staged}.lock", "", Cancellation);
        File.Move(file, $"{file}.replaced-{_task:N}");
        await File.WriteAllTextAsync(file, "staged", Cancellation);

        var warnings = new List<string>();
        Assert.Equal([staged], await _site.Handler().RemoveAbandonedAsync(warnings.Add, Cancellation));
        Assert.Empty(warnings);
        await _site.RestoreAsync(backup, keep: true, context: _site.Context(_task, attempt: 2));
        Assert.Equal(("staged", "now"), (await File.ReadAllTextAsync(file, Cancellation), await File.ReadAllTextAsync($"{file}.replaced-{_task:N}", Cancellation)));
        Assert.Equal(["stella.env", $"stella.env.replaced-{_task:N}"], Directory.GetFileSystemEntries(_site.Source).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_attempt_waits_until_what_the_last_one_left_is_removed()
    {
        var place = new KeptPlace(_site.Source, _task);
        var removing = await Staging.BeginAsync(place, _site.Log, Cancellation);
        var beginning = Staging.BeginAsync(place, _site.Log, Cancellation);
        Assert.False(beginning.IsCompleted);
        await removing.DisposeAsync();
        await using var begun = await beginning;
        Assert.True(File.Exists($"{Staged}.lock"));
    }

    [Fact(Explicit = true)]
    public async Task What_cannot_be_removed_is_told_and_the_rest_is_removed()
    {
        WriteStaged();
        await File.WriteAllTextAsync($"{Staged}.lock", "", Cancellation);
        var other = new KeptPlace(_site.Source, Guid.NewGuid());
        Directory.CreateDirectory(other.Staged);
        await File.WriteAllTextAsync($"{other.Staged}.lock", "", Cancellation);
        await using var disk = await SmallDisk.MountAsync(Path.Combine(Staged, "disk"), "1m", Cancellation);

        Assert.Equal([other.Staged], await _site.Handler().RemoveAbandonedAsync(_site.Log.Warning, Cancellation));

        Assert.Contains($"{Staged} may hold decrypted secrets and cannot be removed", _site.Log.Text, StringComparison.Ordinal);
        Assert.Equal(["source", Path.GetFileName(Staged), Path.GetFileName(Staged) + ".lock"], Beside());
    }

    [Fact(Explicit = true)]
    public async Task A_full_disk_leaves_no_decrypted_content_beside_a_path()
    {
        await using var disk = await SmallDisk.MountAsync(_site["disk"], "1m", Cancellation);
        _site.Settings.Paths = [_site["disk", "secrets"]];
        Directory.CreateDirectory(_site["disk", "secrets"]);
        await File.WriteAllBytesAsync(_site["disk", "secrets", "large"], new byte[600_000], Cancellation);
        var backup = await _site.BackupAsync();
        _site.BringIdentity();
        await File.WriteAllBytesAsync(_site["disk", "secrets", "large"], Enumerable.Repeat((byte)1, 600_000).ToArray(), Cancellation);

        var full = await Assert.ThrowsAsync<RepositoryException>(() => _site.RestoreAsync(backup, keep: true));
        Assert.Equal(RepositoryFailure.TargetFull, full.Failure);
        Assert.Equal([_site["disk", "secrets"]], Directory.GetFileSystemEntries(_site["disk"]));
    }

    [Fact(Explicit = true)]
    public async Task A_mount_point_is_not_kept_and_nothing_is_decrypted_beside_it()
    {
        await using var disk = await SmallDisk.MountAsync(_site.Source, "1m", Cancellation);
        var backup = await BackUpAsync();
        _site.Write("stella.env", "now");

        foreach (var dryRun in (bool[])[true, false])
        {
            var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup, keep: true, dryRun: dryRun));
            Assert.Equal((ErrorCodes.InvalidInput, false), (refused.Error, refused.Error.Retryable));
            Assert.Contains("mount point", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(["source"], Beside());
        await _site.RestoreAsync(backup);
        Assert.Equal("then", await File.ReadAllTextAsync(Path.Combine(_site.Source, "stella.env"), Cancellation));
    }

    private async Task<TaskResult> BackUpAsync()
    {
        _site.Write("stella.env", "then");
        _site.BringIdentity();
        return await _site.BackupAsync();
    }

    private async Task<TaskResult> BackUpFileAsync()
    {
        _site.Settings.Paths = [Path.Combine(_site.Source, "stella.env")];
        var backup = await BackUpAsync();
        _site.Write("stella.env", "now");
        return backup;
    }

    private void WriteStaged()
    {
        Directory.CreateDirectory(Staged);
        File.WriteAllText(Path.Combine(Staged, "stella.env"), "staged");
    }

    private IEnumerable<string?> Beside() => Directory.GetFileSystemEntries(Path.GetDirectoryName(_site.Source)!, "source*").Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
