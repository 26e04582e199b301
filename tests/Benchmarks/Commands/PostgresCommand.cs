using System.CommandLine;
using StellaOps.Backup.Benchmarks.Clusters;

namespace StellaOps.Backup.Benchmarks.Commands;

/// <summary><c>tests/bench postgres</c>.</summary>
internal static class PostgresCommand
{
    private const int Scale = 150, QuickScale = 15, ChurnRate = 200;

    public static Command Create()
    {
        var quick = new Option<bool>("--quick") { Description = "about a tenth of the data" };
        var work = new Option<string[]>("--work") { Description = "only these lines", AllowMultipleArgumentsPerToken = true };
        work.AcceptOnlyFromAmong([.. ClusterLines.All.Select(known => known.Name)]);
        var scale = new Option<int?>("--scale") { Description = $"scale of pgbench, 15 MB each (default: {Scale}, or with --quick {QuickScale})" };
        var rate = new Option<int>("--churn-rate") { Description = "transactions in a second before the lines with -rate in their name", DefaultValueFactory = _ => ChurnRate };
        var data = new Option<DirectoryInfo?>("--data") { Description = "where repositories go (default: a temporary directory that is removed)" };
        var runs = new Option<int>("--runs") { Description = "runs of each work; the median counts", DefaultValueFactory = _ => 3 };
        var worker = new Option<FileInfo>("--worker") { Description = "the worker to measure, as it is published", Required = true };
        var command = new Command("postgres", "measures the database worker, pgBackRest and pg_receivewal in one run") { quick, work, scale, rate, data, runs, worker };
        command.SetAction((parsed, cancellationToken) => BenchPlace.UseAsync(parsed.GetValue(data), place =>
        {
            var isQuick = parsed.GetValue(quick);
            var names = parsed.GetValue(work) is { Length: > 0 } chosen ? chosen : [.. ClusterLines.All.Select(known => known.Name)];
            var options = new ClusterRunOptions
            {
                Lines = [.. ClusterLines.All.Where(line => names.Contains(line.Name))],
                Worker = parsed.GetValue(worker)!.FullName,
                Scale = parsed.GetValue(scale) ?? (isQuick ? QuickScale : Scale),
                Runs = parsed.GetValue(runs),
                ChurnSeconds = isQuick ? 6 : 60,
                ChurnRate = parsed.GetValue(rate),
                BacklogBytes = isQuick ? 200_000_000 : 2_000_000_000,
                LatencySeconds = isQuick ? 40 : 90,
            };
            return new ClusterRun(place, options).RunAsync(cancellationToken);
        }));
        return command;
    }
}
