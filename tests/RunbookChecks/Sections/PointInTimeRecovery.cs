using System.Globalization;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Recover the database to a point in time.</summary>
internal sealed class PointInTimeRecovery : Section
{
    private const int Before = 500;

    public override string Id => "SP-004";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Platform.SqlAsync("CREATE TABLE public.ledger (id bigint PRIMARY KEY)", cancellationToken);
        await desk.Stella.OkAsync("backup create --type database --name base", cancellationToken);
        await desk.Platform.SqlAsync($"INSERT INTO public.ledger SELECT generate_series(1, {Before})", cancellationToken);
        var target = DateTimeOffset.Parse(await desk.Platform.SqlAsync("SELECT date_trunc('second', now()) + interval '1 second'", cancellationToken), CultureInfo.InvariantCulture).ToUniversalTime();
        await Desk.UntilAsync($"it is {target:u}", TimeSpan.FromMinutes(1), async () =>
            await desk.Platform.SqlAsync($"SELECT clock_timestamp() > '{target:u}'", cancellationToken) == "t", cancellationToken);
        await desk.Platform.SqlAsync($"INSERT INTO public.ledger SELECT generate_series({Before} + 1, 2 * {Before})", cancellationToken);
        await desk.Platform.SqlAsync("DROP TABLE evidence_locker.evidence_artifacts CASCADE", cancellationToken);
        await Desk.UntilAsync("what was written is archived", TimeSpan.FromMinutes(1),
            async () => (await ArchiveAsync(desk, cancellationToken)).LastCommitAt > target, cancellationToken);
        desk.Fill["<start-date>"] = target.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        desk.Fill["<end-date>"] = target.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        desk.Fill["2026-01-17T10:30:00Z"] = target.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        await desk.TypeAsync("stella backup wal-list --after <start-date> --before <end-date>", async _ =>
        {
            var archive = await ArchiveAsync(desk, cancellationToken);
            Assert.DoesNotContain(archive.Gaps, gap => gap.State == "open");
            Assert.Contains(archive.Windows, window => window.FromTime < target && window.ToTime > target && window.Points.Contains("base"));
        }, cancellationToken);

        var before = Looks.ProcessesOf(desk.Stack, Looks.Services);
        await desk.TypeAsync("stella backup restore-pitr --to-time \"2026-01-17T10:30:00Z\" --confirm", async _ =>
        {
            Assert.Equal($"{Before}|{Before}", await desk.Platform.SqlAsync("SELECT count(*), max(id) FROM public.ledger", cancellationToken));
            Assert.NotEqual("0", await desk.Platform.SqlAsync("SELECT count(*) FROM evidence_locker.evidence_artifacts", cancellationToken));
            Looks.Gone(before);
            await Looks.HealthyAsync(desk, cancellationToken);
        }, cancellationToken);
        await desk.TypeAsync("stella db verify-integrity", typed => Assert.DoesNotContain("problem:", typed.Output, StringComparison.Ordinal), cancellationToken);
    }

    private static async Task<WalArchiveView> ArchiveAsync(Desk desk, CancellationToken cancellationToken) =>
        Assert.Single((await desk.Stella.JsonAsync<Page<WalArchiveView>>("backup wal-list", cancellationToken)).Items);
}
