using System.CommandLine;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Benchmarks.Works;

var quick = new Option<bool>("--quick") { Description = "about a tenth of the data, and three runs of everything" };
var work = new Option<string[]>("--work") { Description = "only these works", AllowMultipleArgumentsPerToken = true };
work.AcceptOnlyFromAmong([.. EngineWorks.All.Select(known => known.Name)]);
var data = new Option<DirectoryInfo?>("--data") { Description = "where data and repositories are kept (default: a temporary directory that is removed)" };
var runs = new Option<int>("--runs") { Description = "runs of each work; the median counts", DefaultValueFactory = _ => 3 };
var stella = new Option<FileInfo>("--stella") { Description = "the program to measure", Required = true };
var engine = new Command("engine", "measures the repository engine, restic and borg in one run") { quick, work, data, runs, stella };
engine.SetAction(async (parsed, cancellationToken) =>
{
    var kept = parsed.GetValue(data);
    var place = kept ?? Directory.CreateTempSubdirectory("stella-bench-");
    try
    {
        var names = parsed.GetValue(work) is { Length: > 0 } chosen ? chosen : [.. EngineWorks.All.Select(known => known.Name)];
        var run = new EngineRun(place.FullName, parsed.GetValue(stella)!.FullName, parsed.GetValue(quick), parsed.GetValue(runs));
        var allOk = await run.RunAsync([.. EngineWorks.All.Where(known => names.Contains(known.Name))], cancellationToken);
        return allOk ? 0 : 1;
    }
    catch (BenchmarkException exception)
    {
        await Console.Error.WriteLineAsync($"error: {exception.Message}");
        return 2;
    }
    finally
    {
        if (kept is null)
        {
            place.Delete(recursive: true);
        }
    }
});
return await new RootCommand("Measures the product against its peers.") { engine }.Parse(args).InvokeAsync();
