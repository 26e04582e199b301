using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Comparison;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>Dry run of a restore: lists what would change.</summary>
internal sealed class ConfigPlan(ComponentRepository opened, Snapshot snapshot, RestoreSpec spec)
{
    private const int MaxNotes = 50;

    public async Task<TaskResult> RunAsync(
        IReadOnlyList<RestorePlace> places, IReadOnlyList<MissingItem> left, TaskContext context, CancellationToken cancellationToken)
    {
        context.Progress.Begin("compare", snapshot.Summary?.TotalFilesProcessed, snapshot.Summary?.TotalBytesProcessed);
        var comparison = new SnapshotComparison(opened.Repository);
        var options = new ComparisonOptions { Metadata = true, OnProgress = context.Progress.Add };
        var notes = new List<string>();
        var result = new RestoreResult { TargetDirectory = spec.TargetDirectory ?? string.Join(", ", places.Select(place => place.Path)) };
        foreach (var place in places)
        {
            var report = await comparison.RunAsync(snapshot, place.Subtree, place.Path, options, cancellationToken);
            notes.AddRange(Describe(place, report));
            result = result with
            {
                FilesWritten = result.FilesWritten + report.MissingFiles + report.DifferentFiles,
                FilesUnchanged = result.FilesUnchanged + report.EqualFiles,
                FilesDeleted = result.FilesDeleted + (Deletes ? report.Extra : 0),
                BytesWritten = result.BytesWritten + report.MissingBytes,
            };
        }

        return new TaskResult
        {
            Outcome = left.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            Missing = left,
            MissingCount = left.Count,
            Restore = result with { Notes = [.. Shortened(notes), .. ConfigRestore.NotesOf(spec)] },
        };
    }

    private bool Deletes => ConfigRestore.Deletes(spec);

    private IEnumerable<string> Describe(RestorePlace place, ComparisonReport report) => report.Items.Select(item => item.State switch
    {
        ComparedState.Missing => $"would be added: {Full(place, item)}",
        ComparedState.Different => $"would be changed: {Full(place, item)} {item.Reason}",
        _ => Deletes ? $"would be deleted: {Full(place, item)}" : null,
    }).OfType<string>();

    private static string Full(RestorePlace place, ComparedItem item) => item.Path.Length == 0 ? place.Path : $"{place.Path.TrimEnd('/')}/{item.Path}";

    private static List<string> Shortened(List<string> notes) => notes.Count <= MaxNotes
        ? notes.Count == 0 ? ["nothing would change"] : notes
        : [.. notes.Take(MaxNotes), $"and {notes.Count - MaxNotes} more"];
}
