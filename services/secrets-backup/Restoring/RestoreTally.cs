using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>What a restore of one or more places did.</summary>
internal sealed class RestoreTally(TimeProvider clock)
{
    private readonly List<MissingItem> _missing = [];
    private readonly List<PhaseTime> _phases = [];
    private readonly List<string> _replaced = [];
    private long _written, _unchanged, _bytes;

    /// <summary>Where it goes, for a human.</summary>
    public string Target { get; set; } = "";

    /// <summary>Lines for a human, in order.</summary>
    public List<string> Notes { get; } = [];

    public async Task TimeAsync(string phase, Func<Task> work)
    {
        var start = clock.GetTimestamp();
        await work();
        _phases.Add(new PhaseTime(phase, clock.GetElapsedTime(start)));
    }

    public void Add(RestorePlace place, RestoreReport report)
    {
        var directory = place.IsFile ? Path.GetDirectoryName(place.Path)! : place.Path;
        _written += report.FilesWritten;
        _unchanged += report.FilesUnchanged;
        _bytes += report.BytesWritten;
        foreach (var conflict in report.Conflicts)
        {
            AddMissing(Path.Combine(directory, conflict.Path), conflict.Reason);
        }

        Notes.AddRange(report.Warnings.Select(warning => $"{place.Path}: {warning}"));
    }

    public void AddMissing(string path, string reason) => _missing.Add(new MissingItem { Path = path, Reason = reason });

    /// <summary>What was in a place has the names <paramref name="kept"/> now. A directory changed places as a whole: nothing of it was mixed with what came back.</summary>
    public void AddReplaced(RestorePlace place, IReadOnlyList<string> kept)
    {
        _replaced.AddRange(kept);
        if (!place.IsFile && kept.Count > 0)
        {
            Notes.Add($"{place.Path} holds what was saved and nothing else: what was added since is in {string.Join(", ", kept)}");
        }
    }

    public void Log(ITaskLog log)
    {
        log.Info($"{_written} files written, {_unchanged} were equal already");
        foreach (var note in Notes)
        {
            log.Info(note);
        }

        foreach (var item in _missing.Take(TaskResult.MaxMissing))
        {
            log.Warning($"not restored: {item.Path}: {item.Reason}");
        }
    }

    public TaskResult ToTaskResult() => new()
    {
        Outcome = _missing.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
        Missing = [.. _missing.Take(TaskResult.MaxMissing)],
        MissingCount = _missing.Count,
        Restore = new RestoreResult
        {
            TargetDirectory = Target,
            FilesWritten = _written,
            FilesUnchanged = _unchanged,
            BytesWritten = _bytes,
            ReplacedDirectory = _replaced.Count == 0 ? null : string.Join(", ", _replaced),
            Notes = Notes,
            Phases = _phases,
        },
    };
}
