using System.CommandLine;
using StellaOps.Backup.Benchmarks.Works;

namespace StellaOps.Backup.Benchmarks.Commands;

/// <summary><c>tests/bench engine</c>.</summary>
internal static class EngineCommand
{
    public static Command Create()
    {
        var quick = new Option<bool>("--quick") { Description = "about a tenth of the data, and three runs of everything" };
        var work = new Option<string[]>("--work") { Description = "only these works", AllowMultipleArgumentsPerToken = true };
        work.AcceptOnlyFromAmong([.. EngineWorks.All.Select(known => known.Name)]);
        var data = new Option<DirectoryInfo?>("--data") { Description = "where data and repositories are kept (default: a temporary directory that is removed)" };
        var runs = new Option<int>("--runs") { Description = "runs of each work; the median counts", DefaultValueFactory = _ => 3 };
        var stella = new Option<FileInfo>("--stella") { Description = "the program to measure", Required = true };
        var command = new Command("engine", "measures the repository engine, restic and borg in one run") { quick, work, data, runs, stella };
        command.SetAction((parsed, cancellationToken) => BenchPlace.UseAsync(parsed.GetValue(data), place =>
        {
            var names = parsed.GetValue(work) is { Length: > 0 } chosen ? chosen : [.. EngineWorks.All.Select(known => known.Name)];
            return new EngineRun(place, parsed.GetValue(stella)!.FullName, parsed.GetValue(quick), parsed.GetValue(runs))
                .RunAsync([.. EngineWorks.All.Where(known => names.Contains(known.Name))], cancellationToken);
        }));
        return command;
    }
}
