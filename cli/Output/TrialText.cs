using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>What came of trials of backups, as text.</summary>
internal static class TrialText
{
    public static void Write(TextWriter output, IReadOnlyList<TaskView> tasks)
    {
        var table = new TextTable("COMPONENT", "STEP", "RESULT", "DURATION", "FOUND").Right(3);
        foreach (var (task, step) in tasks.SelectMany(task => task.Result?.Trial?.Steps ?? [], (task, step) => (task, step)))
        {
            table.Add(
                task.Component.Title(task.Cluster),
                step.Step,
                step.Error is not null ? "failed" : step.Tried ? "passed" : "not tried",
                step.Tried ? Units.Duration(step.Duration) : "-",
                step.Detail);
        }

        table.WriteTo(output);
        foreach (var task in tasks.Where(task => task.Result?.Trial is not null))
        {
            output.WriteLine($"{task.Component.Title(task.Cluster)}: tried by {task.Worker ?? "-"}");
        }

        output.WriteLine("nothing was saved");
    }
}
