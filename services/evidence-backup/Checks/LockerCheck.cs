using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Anchors;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.EvidenceBackup.Checks;

/// <summary>
/// Compares three accounts of a locker: its files, its index, and its anchors. Changes nothing. What is missing, altered, not indexed or
/// broken is named; what cannot be checked is said.
/// </summary>
internal sealed class LockerCheck(EvidenceSettings settings, TimeProvider clock)
{
    /// <summary>What a listing shows in the place of bytes that are no character; nothing is found under such a name.</summary>
    private const char NotUtf8 = '\uFFFD';

    public async Task<TaskResult> RunAsync(TaskContext context, EvidenceCheckSpec spec, CancellationToken cancellationToken)
    {
        var phases = new List<PhaseTime>();

        // Files first: what the platform adds meanwhile it indexes and anchors afterwards.
        var files = await TimeAsync("list", () => Task.FromResult(LockerFiles.List(settings.Directory, cancellationToken)));
        var index = spec.Index ? await TimeAsync("index", () => LockerIndex.ReadAsync(files.Root, cancellationToken)) : null;
        using var keys = settings.ReadAnchorKeys();
        var chain = await TimeAsync("anchors", () => AnchorChain.ReadAsync(files.Root, keys, spec.LatestAnchor, cancellationToken));

        var checks = new List<Findings>();
        if (index is not null)
        {
            checks.AddRange(CheckIndex(files, index), FindUnindexed(files, index));
        }

        var content = new ContentCheck(files, index?.Entries ?? new Dictionary<string, IndexEntry>(), chain);
        await TimeAsync("content", () => Task.FromResult(content.Run(context.Progress, spec, cancellationToken)));
        checks.AddRange(content.Content, CheckAnchors(chain, wanted: !spec.Index || keys is not null), content.Anchored);
        return Result(files, checks, phases);

        async Task<T> TimeAsync<T>(string phase, Func<Task<T>> work)
        {
            context.Progress.Begin(phase);
            var startedAt = clock.GetTimestamp();
            var result = await work();
            phases.Add(new PhaseTime(phase, clock.GetElapsedTime(startedAt)));
            return result;
        }
    }

    private static Findings CheckIndex(LockerFiles files, LockerIndex index)
    {
        var found = new Findings("index") { Checked = index.Entries.Count };
        if (index is { Content: null, Problems.Count: 0 })
        {
            found.NotChecked = $"there is no {LockerLayout.Index}: stella evidence index rebuild";
        }

        foreach (var problem in index.Problems)
        {
            found.Problem(problem);
        }

        foreach (var (path, entry) in index.Entries)
        {
            if (files.SizeOf(path) is not { } size)
            {
                found.Problem($"{path}: missing");
            }
            else if (size != entry.Size)
            {
                found.Problem(string.Create(CultureInfo.InvariantCulture, $"{path}: altered: it has {size} bytes, and the index records {entry.Size}"));
            }
        }

        return found;
    }

    private static Findings FindUnindexed(LockerFiles files, LockerIndex index)
    {
        var found = new Findings("unindexed") { Checked = files.Sizes.Count };
        var count = 0L;
        foreach (var path in files.Sizes.Keys.Where(path => !index.Entries.ContainsKey(path)))
        {
            count++;
            found.Remark(path);
        }

        foreach (var path in files.Odd)
        {
            found.Remark(path.Contains(NotUtf8, StringComparison.Ordinal) ? $"{path}: its name is not UTF-8, and so it is no artifact" : $"{path}: no regular file, and so no artifact");
        }

        if (count > 0 && index.Content is not null)
        {
            found.NotChecked = string.Create(CultureInfo.InvariantCulture,
                $"artifacts that are not in the index, and that look-ups do not find: {count} ({100.0 * count / files.Sizes.Count:0.##} %): stella evidence index rebuild");
        }

        return found;
    }

    private static Findings CheckAnchors(AnchorChain chain, bool wanted)
    {
        var found = new Findings("anchors") { Checked = chain.Count };
        foreach (var problem in chain.Problems)
        {
            found.Problem(problem);
        }

        if (chain.Count == 0 && wanted)
        {
            found.NotChecked = $"there is no anchor in {LockerLayout.Anchors}/";
        }
        else if (chain.SignaturesChecked < chain.Count && chain.SignaturesChecked == 0)
        {
            found.NotChecked = "nobody's signatures are trusted: name the keys of the platform in Evidence:AnchorKeys";
        }

        return found;
    }

    private static TaskResult Result(LockerFiles files, IReadOnlyList<Findings> checks, IReadOnlyList<PhaseTime> phases)
    {
        // A contradiction is for the operation to conclude: the report belongs into the result either way.
        var report = new EvidenceReport { Checks = [.. checks.Select(check => check.ToCheck())], Artifacts = files.Sizes.Count, Bytes = files.Bytes, Phases = phases };
        var missing = report.Checks.Where(check => check.NotChecked is not null)
            .Select(check => new MissingItem { Path = check.Check, Reason = check.NotChecked! }).ToList();
        return new TaskResult
        {
            Outcome = missing.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            Missing = missing,
            MissingCount = missing.Count,
            Evidence = report,
        };
    }
}
