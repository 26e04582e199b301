using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>Recoveries of a ledger, each to another place of it.</summary>
public abstract class RecoveryJobTests(int major, bool every) : IAsyncLifetime
{
    /// <summary>Targets of each kind; more for a long run.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_PITR_ROUNDS"), CultureInfo.InvariantCulture, out var rounds) ? rounds : 1;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 4711;
    private RecoveryBench _bench = null!;
    private Lsn _switched;

    public async ValueTask InitializeAsync()
    {
        _bench = await RecoveryBench.StartAsync(major);
        _bench.Archive();
        await _bench.BackupAsync("first");
        await _bench.WriteAsync(60);
        _switched = Lsn.Parse((string)(await _bench.RunAsync("SELECT pg_switch_wal()::text"))!);
        await _bench.WriteAsync(20);
        await _bench.BackupAsync("second");
        await _bench.WriteAsync(60);
        await _bench.CatchUpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_kind_of_target_is_met_exactly_and_what_cannot_be_met_is_refused_with_what_can()
    {
        var random = new Random(Seed + major);
        for (var round = 0; round < Rounds; round++)
        {
            var at = random.Next(1, _bench.Ledger.Count - 1);
            var (entry, next) = (_bench.Ledger[at - 1], _bench.Ledger[at]);
            await MeetsAsync(new PointInTime { Time = entry.CommittedAt + ((next.CommittedAt - entry.CommittedAt) / 2) }, entry.Id);
            await MeetsAsync(new PointInTime { Xid = entry.Xid, Exclusive = true }, entry.Id - 1);
            if (every || Rounds > 1)
            {
                await MeetsAsync(new PointInTime { Lsn = entry.After }, entry.Id);
                await MeetsAsync(new PointInTime { Xid = entry.Xid }, entry.Id);
                await MeetsAsync(new PointInTime { Name = $"after-{entry.Id}" }, entry.Id);
            }
        }

        if (!every)
        {
            return;
        }

        // The record that ends a segment early is 24 bytes: behind it the server is in the next one.
        await MeetsAsync(new PointInTime { Lsn = new Lsn(_switched.Value - 24).ToString() }, 60);
        await MeetsAsync(new PointInTime { Immediate = true }, 80);
        await MeetsAsync(new PointInTime { Time = _bench.Ledger[^1].CommittedAt }, _bench.Ledger[^1].Id);
        await RefusesAsync();
    }

    private async Task RefusesAsync()
    {
        await RefusedAsync(new PointInTime { Time = _bench.Bases[^1].FinishedAt.AddMinutes(-10) }, "before the end of the first base backup", 1);
        await RefusedAsync(new PointInTime { Time = DateTimeOffset.UtcNow.AddDays(1) }, "later than the last commit", 1);
        await RefusedAsync(new PointInTime { Lsn = _bench.Bases[^1].StartLsn }, "before the end of the first base backup", 1);
        await RefusedAsync(new PointInTime { Lsn = "FF/0" }, "behind the last WAL", 1);
        await RefusedAsync(new PointInTime { Xid = 4_000_000_000 }, "is not in the WAL", 1);
        await RefusedAsync(new PointInTime { Name = "never made" }, "is not in the WAL", 1);
        await RefusedAsync(new PointInTime { Time = _bench.Ledger[70].CommittedAt, Timeline = 9 }, "no base backup leads to timeline 9", 1);
        await RefusedWhileServicesRunAsync();

        // A segment between the two base backups goes: what lies before and behind the hole can be had, what lies in it cannot.
        var inventory = await _bench.InventoryAsync();
        var files = inventory.Files!;
        var hole = inventory.Segments.Values.First(segment => files.SegmentAt(1, Lsn.Parse(_bench.Ledger[61].After)) == segment.Name.ToString());
        var path = Path.Combine(_bench["location"], hole.Key);
        File.Move(path, _bench["aside"]);
        await RefusedAsync(new PointInTime { Time = _bench.Ledger[70].CommittedAt }, "is not in the archive", 2);
        await RefusedAsync(new PointInTime { Lsn = _bench.Ledger[70].After }, "is not in the archive", 2);
        await MeetsAsync(new PointInTime { Xid = _bench.Ledger[10].Xid }, 11, dryRun: true);
        await MeetsAsync(new PointInTime { Xid = _bench.Ledger[100].Xid }, 101, dryRun: true);
        File.Move(_bench["aside"], path);
    }

    /// <summary>What can be reached is known first; only then somebody has to stop what runs.</summary>
    private async Task RefusedWhileServicesRunAsync()
    {
        var reachable = new PointInTime { Xid = _bench.Ledger[10].Xid };
        var stopFirst = await Assert.ThrowsAsync<BackupException>(() => _bench.RecoverAsync(reachable, running: ["api", "worker"]));
        Assert.Equal(ErrorCodes.ServerRunning, stopFirst.Error);
        Assert.Contains("can be reached, but api, worker still run and write the database", stopFirst.Message, StringComparison.Ordinal);
        Assert.Contains("stella service stop --service api,worker", stopFirst.Hint, StringComparison.Ordinal);
        var serverToo = await Assert.ThrowsAsync<BackupException>(() => _bench.RecoverAsync(reachable));
        Assert.Equal(ErrorCodes.ServerRunning, serverToo.Error);
        await _bench.RecoverAsync(reachable, dryRun: true, running: ["api"]);

        var unreachable = await Assert.ThrowsAsync<BackupException>(() => _bench.RecoverAsync(new PointInTime { Name = "never made" }, running: ["api"]));
        Assert.Equal(ErrorCodes.TargetNotReachable, unreachable.Error);
        Assert.Equal((long)_bench.Ledger.Count, await _bench.RunAsync("SELECT count(*) FROM ledger"));
    }

    private async Task MeetsAsync(PointInTime target, long last, bool dryRun = false)
    {
        var directory = _bench["recovered"];
        var result = await _bench.RecoverAsync(target, directory, dryRun);
        Assert.NotEmpty(result.Notes);
        if (dryRun)
        {
            Assert.False(Directory.Exists(directory));
            return;
        }

        Assert.False(File.Exists($"{directory}.restore-incomplete"));
        Assert.DoesNotContain("recovery_target", await File.ReadAllTextAsync(Path.Combine(directory, "pgdata", "postgresql.auto.conf"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var (count, newest) = await _bench.ReadLedgerAsync(directory);
        Assert.True(count == last && newest == last, $"{target} gave {count} rows up to {newest}, not {last}");
        Directory.Delete(directory, recursive: true);
    }

    private async Task RefusedAsync(PointInTime target, string why, int windows)
    {
        var directory = _bench["never"];
        var refused = await Assert.ThrowsAsync<BackupException>(() => _bench.RecoverAsync(target, directory));
        Assert.Equal(ErrorCodes.TargetNotReachable, refused.Error);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal(windows, Assert.IsType<UnreachableException>(refused.InnerException).Windows.Count);
        Assert.StartsWith(windows == 1 ? "Reachable: timeline 1 from" : "Reachable:\n  timeline 1 from", refused.Hint, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }
}

public sealed class RecoveryJob15Tests() : RecoveryJobTests(15, every: true);

/// <summary>The records of the newest version are read as well; the rest is the same.</summary>
public sealed class RecoveryJob18Tests() : RecoveryJobTests(18, every: false);
