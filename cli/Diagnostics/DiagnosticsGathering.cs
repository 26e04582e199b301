using System.Text;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Diagnostics;

/// <summary>Asks for everything, one after the other; what cannot be had does not keep the rest from being gathered.</summary>
internal sealed class DiagnosticsGathering(Session session)
{
    /// <summary>Items of a list; the newest of points and operations.</summary>
    private const int Most = 2000;
    private static readonly TimeSpan Logs = TimeSpan.FromDays(7);

    public async Task RunAsync(DiagnosticsArchive archive, CancellationToken cancellationToken)
    {
        archive.Add("stella.txt", $"stella {ProductVersion.Text} on {Environment.MachineName} ({Environment.OSVersion}), asking {session.Settings.Server ?? "no server"}\n");
        await AddAsync("coordinator", async () =>
        {
            var view = await session.Api.GetAsync<DiagnosticsView>(Routes.Diagnostics, cancellationToken);
            archive.Add("metrics.txt", view.Metrics);
            archive.Add("coordinator.json", ApiJson.Document(view with { Metrics = "metrics.txt" }));
        });
        await AddAsync("doctor", async () => archive.Add("doctor.json", ApiJson.Document(
            await session.Api.PostAsync<DoctorReport>(Routes.Doctor, new DoctorRequest { All = true }, ApiClient.Long, cancellationToken))));
        await AddAsync("health", async () => archive.Add("health.json", ApiJson.Document(
            await session.Api.GetAsync<HealthView>(Routes.Health, cancellationToken, System.Net.HttpStatusCode.ServiceUnavailable))));
        await AddAsync("status", async () => archive.Add("status.json", ApiJson.Document(await session.Api.GetAsync<StatusView>(Routes.Status, cancellationToken))));
        await AddAsync("retention", async () => archive.Add("retention.json", ApiJson.Document(await session.Api.GetAsync<RetentionView>(Routes.Retention, cancellationToken))));
        await AddAsync("points", () => AddListAsync<PointView>(archive, "points.ndjson", Routes.Points, [], cancellationToken));
        await AddAsync("operations", () => AddListAsync<OperationView>(archive, "operations.ndjson", Routes.Operations, [], cancellationToken));
        await AddAsync("wal", () => AddListAsync<WalArchiveView>(archive, "wal.ndjson", Routes.Wal, [], cancellationToken));
        await AddAsync("log", () => AddListAsync<EventView>(archive, "log.ndjson", Routes.Events, [("since", LastOption.Since(Logs, session.Clock))], cancellationToken));

        async Task AddAsync(string part, Func<Task> add)
        {
            try
            {
                await add();
            }
            catch (BackupException e)
            {
                archive.AddMissing($"{part}: {e.Message}");
            }
        }
    }

    private async Task AddListAsync<T>(DiagnosticsArchive archive, string name, string path, IReadOnlyList<(string, string?)> query, CancellationToken cancellationToken)
    {
        var lines = new StringBuilder();
        await foreach (var item in session.Api.ListAsync<T>(path, query, cancellationToken).Take(Most).WithCancellation(cancellationToken))
        {
            lines.Append(ApiJson.Line(item)).Append('\n');
        }

        archive.Add(name, lines.ToString());
    }
}
