using System.Diagnostics;
using StellaOps.Backup.RunbookChecks;
using StellaOps.Backup.RunbookChecks.Sections;

Section[] all =
[
    new Preflight(), new CreateBackup(), new VerifyBackups(), new RestoreBackup(), new PointInTimeRecovery(), new Schedules(), new Retention(),
    new BackupFailure(), new RestoreFailure(), new StorageFull(), new SystemLoss(), new DatabaseCorruption(), new EvidenceLoss(), new EvidenceCapture(),
];
var lines = RunbookText.Read();
if (args is ["--list"])
{
    foreach (var line in lines)
    {
        Console.WriteLine($"{line.Section}\t{line.Command}\t{line.Effect}");
    }

    return 0;
}

var unknown = args.Where(arg => all.All(section => !section.Id.Equals(arg, StringComparison.OrdinalIgnoreCase))).ToList();
if (unknown.Count > 0)
{
    await Console.Error.WriteLineAsync($"error: unknown: {string.Join(", ", unknown)}\nnext: the sections are {string.Join(", ", all.Select(section => section.Id))}");
    return 2;
}

var chosen = all.Where(section => args.Length == 0 || args.Contains(section.Id, StringComparer.OrdinalIgnoreCase)).ToList();
using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupt.Cancel();
};

var started = Stopwatch.GetTimestamp();
var report = new Report(Console.Out);
await using (var deployment = new Deployment())
{
    await deployment.StartAsync(chosen.Exists(section => section.WantsPast), chosen.Exists(section => section.WantsSmallDisk), interrupt.Token);
    report.Begin();
    foreach (var section in chosen)
    {
        await new SectionRun(section, deployment, [.. lines.Where(line => line.Section == section.Id)], report).RunAsync(interrupt.Token);
    }

    report.End(Stopwatch.GetElapsedTime(started));
}

return report.HasFailed ? 1 : 0;
