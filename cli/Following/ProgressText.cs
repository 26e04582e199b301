using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress in words.</summary>
internal static class ProgressText
{
    /// <summary>The component, and the point where an operation handles several.</summary>
    public static string Name(OperationView operation, TaskView task) =>
        operation.PointName is null && task.PointName is { } point ? $"{point}/{task.Component.Title(task.Cluster)}" : task.Component.Title(task.Cluster);

    public static string Amount(TaskProgress progress) => (progress.BytesDone, progress.BytesTotal, progress.FilesDone, progress.FilesTotal) switch
    {
        (var done, { } total, _, _) when total > 0 && done <= total => $"{Units.Size(done)} of {Units.Size(total)}",
        ( > 0 and var done, _, _, _) => Units.Size(done),
        (_, _, var files, { } total) when total > 0 => $"{Units.Count(files)} of {Units.Count(total)} files",
        (_, _, > 0 and var files, _) => $"{Units.Count(files)} files",
        _ => "",
    };

    /// <summary>0 to 1; null while the total is unknown.</summary>
    public static double? Fraction(TaskProgress progress) => progress switch
    {
        { BytesTotal: { } total and > 0 } => Math.Clamp((double)progress.BytesDone / total, 0, 1),
        { FilesTotal: { } total and > 0 } => Math.Clamp((double)progress.FilesDone / total, 0, 1),
        _ => null,
    };

    /// <summary><c>read 12.0 MiB of 40.0 MiB, 5.2 MiB/s, 6s left</c>.</summary>
    public static string Sentence(TaskProgress progress)
    {
        var head = string.Join(' ', new[] { progress.Phase, Amount(progress) }.Where(part => part.Length > 0));
        var rate = progress.BytesPerSecond > 0 ? $", {Units.Rate(progress.BytesPerSecond)}" : "";
        var left = progress.Remaining is { } remaining && remaining > TimeSpan.Zero ? $", {Units.Duration(remaining)} left" : "";
        return head + rate + left;
    }
}
