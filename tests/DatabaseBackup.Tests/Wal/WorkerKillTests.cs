using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

public sealed class WorkerKillTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Workers_that_are_killed_again_and_again_leave_no_gap_and_no_duplicate()
    {
        using var home = new TemporaryDirectory();
        await using var server = await PrivatePostgres.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "2GB" }, Cancelled);
        await using var location = new LocalObjectStore(home["location"]);
        var identity = X25519Identity.Generate();
        var system = ulong.Parse((string)(await server.ExecuteAsync("SELECT system_identifier::text FROM pg_control_system()", cancellationToken: Cancelled))!);
        await server.ExecuteAsync("CREATE TABLE load (id bigint GENERATED ALWAYS AS IDENTITY, body text)", cancellationToken: Cancelled);

        using var waiting = await WorkerProcess.StartAsync(home, server, identity, "second", Cancelled);
        for (var round = 0; round < 3; round++)
        {
            using var worker = await WorkerProcess.StartAsync(home, server, identity, "first", Cancelled);
            await WriteAsync(server, 24);
            await UntilAsync(async () => await HasStoredAsync(location, system, round * 2), () => worker.Log + waiting.Log);
            worker.Kill();
            await WriteAsync(server, 8);
        }

        var end = Lsn.Parse((string)(await server.ExecuteAsync("SELECT pg_current_wal_flush_lsn()::text", cancellationToken: Cancelled))!);
        var inventory = await WalInventory.ReadAsync(location, system, null, Cancelled);
        await UntilAsync(
            async () => Covers(inventory = await WalInventory.ReadAsync(location, system, null, Cancelled), end), () => $"{end}: {inventory.State} {waiting.Log}");
        Assert.Empty(GapFinder.Find(inventory));
        Assert.Empty(inventory.Conflicts);
        Assert.Empty(inventory.Gaps);
        var reader = new WalReader(location, system, new AgeDecryption(identity));
        foreach (var name in inventory.Segments.Keys)
        {
            var written = await File.ReadAllBytesAsync(Path.Combine(server.DataDirectory, "pg_wal", name.ToString()), Cancelled);
            var archived = await reader.ReadAsync(name.ToString(), Cancelled);
            Assert.True(written.AsSpan().SequenceEqual(archived), $"{name} differs from pg_wal");
        }

        await UntilAsync(async () => (await waiting.MetricsAsync(Cancelled)).Contains("stella_wal_streaming{cluster=\"main\"} 1", StringComparison.Ordinal), () => waiting.Log);
    }

    private static Task<object?> WriteAsync(PrivatePostgres server, int mebibytes) => server.ExecuteAsync(
        $"INSERT INTO load (body) VALUES ('x'); SELECT count(pg_logical_emit_message(true, 'load', repeat(md5(i::text), 32768))) FROM generate_series(1, {mebibytes}) i",
        cancellationToken: Cancelled);

    private static async Task<bool> HasStoredAsync(LocalObjectStore location, ulong system, int segments) =>
        (await WalInventory.ReadAsync(location, system, 16 << 20, Cancelled)).Segments.Count > segments;

    private static bool Covers(WalInventory inventory, Lsn end)
    {
        if (inventory.Files is not { } files || inventory.Segments.Count == 0)
        {
            return false;
        }

        var first = files.StartOf(inventory.Segments.Keys.Min(name => files.NumberOf(name)!.Value));
        return WalCoverage.Prove(inventory, TimelineHistory.First.Path(), first, end).IsComplete;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 900, otherwise());
            await Task.Delay(100, Cancelled);
        }
    }
}
