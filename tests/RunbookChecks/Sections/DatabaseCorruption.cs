using System.Globalization;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Pages of the database are garbage: the last good backup, and the WAL up to now.</summary>
internal sealed class DatabaseCorruption : Section
{
    private const string Good = "last-good";
    private const int Rows = 20_000, Later = 500;

    public override string Id => "DR-002";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Platform.SqlAsync($"CREATE TABLE public.orders AS SELECT n AS id, md5(n::text) AS text FROM generate_series(1, {Rows}) AS n", cancellationToken);
        await desk.Stella.OkAsync($"backup create --type database --name {Good}", cancellationToken);
        await desk.Platform.SqlAsync($"INSERT INTO public.orders SELECT n, md5(n::text) FROM generate_series({Rows} + 1, {Rows} + {Later}) AS n", cancellationToken);
        var expected = await OrdersAsync(desk, cancellationToken);
        var last = await CorruptAsync(desk, cancellationToken);
        await desk.Stella.RefusedAsync(20, "db verify-integrity", cancellationToken);
        desk.Fill["<last-known-good>"] = Good;
        desk.Fill["<near-corruption>"] = last;

        await desk.TypeAsync("stella service stop --all", _ => { }, cancellationToken);
        await desk.TypeAsync("stella backup restore --type database --name <last-known-good>",
            typed => Assert.Contains($"Type '{Good}'", typed.Output, StringComparison.Ordinal), cancellationToken, answer: Good);
        await desk.TypeAsync("stella backup restore-pitr --to-time \"<near-corruption>\" --confirm", _ => { }, cancellationToken);
        await desk.TypeAsync("stella service start --service postgres", async _ => Assert.Equal(expected, await OrdersAsync(desk, cancellationToken)), cancellationToken);
        await desk.TypeAsync("stella db verify-integrity", typed => Assert.DoesNotContain("problem:", typed.Output, StringComparison.Ordinal), cancellationToken);
        await desk.TypeAsync("stella service start --all", _ => Looks.HealthyAsync(desk, cancellationToken), cancellationToken);
    }

    /// <summary>What an outage of power or a disk leaves: pages in the middle of a table that are none.</summary>
    /// <returns>A time after the last commit and before the damage.</returns>
    private static async Task<string> CorruptAsync(Desk desk, CancellationToken cancellationToken)
    {
        var committed = DateTimeOffset.Parse(await desk.Platform.SqlAsync("SELECT clock_timestamp()", cancellationToken), CultureInfo.InvariantCulture).ToUniversalTime();
        await desk.Platform.SqlAsync("CREATE TABLE public.after_the_orders (id int)", cancellationToken);

        // After the loss of a system there is one more archive: of the server that the new installation came with, and that nobody writes to any more.
        await Desk.UntilAsync("what was written is archived", TimeSpan.FromMinutes(1), async () =>
            (await desk.Stella.JsonAsync<Page<WalArchiveView>>("backup wal-list", cancellationToken)).Items.Any(archive => archive.LastCommitAt > committed), cancellationToken);
        var file = await desk.Platform.SqlAsync("CHECKPOINT; SELECT pg_relation_filepath('public.orders')", cancellationToken);
        await desk.Stella.OkAsync("service stop --all", cancellationToken);
        await using (var table = new FileStream(Path.Combine(desk.Platform.DataDirectory, file), FileMode.Open, FileAccess.ReadWrite))
        {
            table.Position = table.Length / 2;
            await table.WriteAsync(RandomNumberGenerator.GetBytes(16 * 1024), cancellationToken);
        }

        await desk.Stella.OkAsync("service start --all", cancellationToken);
        return committed.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
    }

    private static Task<string> OrdersAsync(Desk desk, CancellationToken cancellationToken) =>
        desk.Platform.SqlAsync("SELECT count(*), md5(string_agg(text, '' ORDER BY id)) FROM public.orders", cancellationToken);
}
