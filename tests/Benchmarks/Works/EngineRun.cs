using System.Globalization;
using StellaOps.Backup.Benchmarks.Data;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Benchmarks.Programs;

namespace StellaOps.Backup.Benchmarks.Works;

/// <summary>
/// Makes the data, lets every program do every step in turn, several times, and prints a line for each work. The programs take turns
/// within a run, so that whatever else the machine does meets all of them.
/// </summary>
internal sealed class EngineRun(string place, string stella, bool quick, int runs)
{
    private const string RestoreRoot = "/dev/shm";

    private readonly Dictionary<(DataSet, Step, string Program), List<Sample>> _samples = [];

    /// <returns>True when every work reaches its target.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<Work> works, CancellationToken cancellationToken)
    {
        foreach (var set in works.Select(work => work.Data).Distinct())
        {
            await MeasureAsync(set, [.. works.Where(work => work.Data == set)], cancellationToken);
        }

        var report = new Report(_samples);
        return works.Select(report.Print).ToList().TrueForAll(ok => ok);
    }

    private async Task MeasureAsync(DataSet set, IReadOnlyList<Work> works, CancellationToken cancellationToken)
    {
        var states = await MakeDataAsync(set, cancellationToken);
        if (set == DataSet.Evidence)
        {
            PhysicalLimits.Print(states.First, Path.Combine(place, "limits"));
        }

        string[] programs = ["stella", .. works.Select(work => work.Peer).OfType<string>().Distinct()];
        for (var run = 1; run <= runs; run++)
        {
            // None is always the first, which finds less in the machine's caches than the others.
            foreach (var program in run % 2 == 1 ? programs : programs.AsEnumerable().Reverse())
            {
                Log($"{set}: run {run} of {runs}: {program}");
                var last = works.Where(work => work.Peer == program || program == "stella").Max(work => work.Step);
                await MeasureAsync(set, states, Program(program), last, cancellationToken);
            }
        }
    }

    private async Task MeasureAsync(DataSet set, (string First, string? Second) states, BackupProgram program, Step last, CancellationToken cancellationToken)
    {
        var scratch = Path.GetDirectoryName(program.Repository)!;
        Directory.CreateDirectory(scratch);
        var target = Path.Combine(RestoreRoot, $"stella-bench-{Environment.ProcessId}");
        try
        {
            await program.InitAsync(cancellationToken);
            await SampleAsync(Step.FirstBackup, () => BackupAsync(program, states.First, cancellationToken));
            await SampleAsync(Step.NoChange, () => BackupAsync(program, states.First, cancellationToken));
            await SampleAsync(Step.Changed, () => BackupAsync(program, states.Second ?? states.First, cancellationToken));

            // After a loss nothing of the repository is in memory.
            PageCache.Drop(program.Repository);
            await SampleAsync(Step.Verify, () => program.VerifyAsync(cancellationToken));
            PageCache.Drop(program.Repository);
            if (last >= Step.Restore)
            {
                // So that no program is the one for whom the machine has to fetch this memory from its host.
                var (bytes, seconds) = PhysicalLimits.Fill(RestoreRoot, PhysicalLimits.ReadAll(states.First));
                Log(string.Create(CultureInfo.InvariantCulture, $"  limit: write to {RestoreRoot}: {seconds:F2} s, {bytes / seconds / 1e6:F0} MB/s"));
            }

            await SampleAsync(Step.Restore, () => program.RestoreAsync(target, cancellationToken));
        }
        finally
        {
            Remove(target);
            Remove(scratch);
        }

        async Task SampleAsync(Step step, Func<Task<Measurement>> measure)
        {
            if (step <= last)
            {
                var sample = new Sample(await measure(), SizeOf(program.Repository));
                (_samples.TryGetValue((set, step, program.Name), out var earlier) ? earlier : _samples[(set, step, program.Name)] = []).Add(sample);
                Log(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {step}: {sample.Cost.WallSeconds:F2} s, processor {sample.Cost.ProcessorSeconds:F2} s, {sample.Cost.PeakBytes / 1e6:F0} MB"));
            }
        }
    }

    // All states are saved from one path, as a directory that changes is.
    private async Task<Measurement> BackupAsync(BackupProgram program, string state, CancellationToken cancellationToken)
    {
        var current = Path.Combine(place, "current");
        Directory.Move(state, current);
        try
        {
            return await program.BackupAsync(current, cancellationToken);
        }
        finally
        {
            Directory.Move(current, state);
        }
    }

    private async Task<(string First, string? Second)> MakeDataAsync(DataSet set, CancellationToken cancellationToken)
    {
        var name = Path.Combine(place, $"{set}{(quick ? "-quick" : "")}");
        var (first, second) = (name + "-1", set == DataSet.Evidence ? name + "-2" : null);
        if (!File.Exists(name + "-made"))
        {
            Log($"{set}: making the data");
            Remove(first);
            if (second is null)
            {
                SmallFiles.Write(first, quick ? 100_000 : 1_000_000);
            }
            else
            {
                Remove(second);
                new EvidenceData(quick ? 0.1 : 1).Write(first);
                await EvidenceData.ChangeAsync(first, second, cancellationToken);
            }

            await File.WriteAllTextAsync(name + "-made", "", cancellationToken);
        }

        PhysicalLimits.ReadAll(first); // So that no program is the one to fetch it from the disk.
        return (first, second);
    }

    private BackupProgram Program(string name)
    {
        var scratch = Path.Combine(place, name);
        var repository = Path.Combine(scratch, "repository");
        return name switch
        {
            "restic" => new Restic(repository, Path.Combine(scratch, "cache")),
            "borg" => new Borg(repository, Path.Combine(scratch, "home")),
            _ => new Stella(stella, repository, Path.Combine(scratch, "password")),
        };
    }

    private static long SizeOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Log(string line) => Console.Error.WriteLine(line);
}
