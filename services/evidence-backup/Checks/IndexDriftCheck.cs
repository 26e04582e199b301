using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.EvidenceBackup.Checks;

/// <summary><c>check.evidencelocker.index</c>: the index names what is there. By names alone, and not more often than a large locker can bear.</summary>
internal sealed class IndexDriftCheck(EvidenceSettings settings, TimeProvider clock) : IServiceCheck
{
    private const double WarnPercent = 10;
    private const int Samples = 5;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    /// <summary>For a caller that does not wait longer: the count goes on, and the next round has it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private Task<CheckResult>? _count;
    private long _countedAt;

    public string Id => "check.evidencelocker.index";

    public string Category => "source";

    public string? Subject => Component.Evidence.Name();

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var count = CurrentCount();
        try
        {
            return await count.WaitAsync(Patience, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            return CheckResults.Skip(this, "the artifacts are still being counted");
        }
    }

    private Task<CheckResult> CurrentCount()
    {
        lock (_gate)
        {
            if (_count is null || (_count.IsCompleted && (clock.GetElapsedTime(_countedAt) > Every || !_count.IsCompletedSuccessfully)))
            {
                _countedAt = clock.GetTimestamp();
                _count = Task.Run(() => CountAsync(CancellationToken.None));
            }

            return _count;
        }
    }

    private async Task<CheckResult> CountAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(settings.Directory, LockerLayout.Index)))
        {
            return CheckResults.Warn(this, $"there is no {LockerLayout.Index} in {settings.Directory}", "stella evidence index rebuild");
        }

        var files = LockerFiles.List(settings.Directory, cancellationToken);
        var index = await LockerIndex.ReadAsync(files.Root, cancellationToken);
        var missing = index.Entries.Keys.Where(path => files.SizeOf(path) is null).ToList();
        var drift = 100.0 * Math.Abs(index.Entries.Count - files.Sizes.Count) / Math.Max(1, files.Sizes.Count);
        var result = missing.Count > 0
            ? CheckResults.Fail(this, $"artifacts that are indexed and not there: {missing.Count}", "stella evidence verify --mode full", "stella backup restore --type evidence --name <point> --confirm")
            : index.Problems.Count > 0 ? CheckResults.Fail(this, index.Problems[0], "stella evidence index rebuild")
            : drift > WarnPercent ? CheckResults.Warn(this, string.Create(CultureInfo.InvariantCulture, $"the index has drifted by {drift:0.#} %"), "stella evidence index rebuild")
            : CheckResults.Pass(this, string.Create(CultureInfo.InvariantCulture, $"the index names {index.Entries.Count} artifacts"));
        return result with
        {
            Evidence = new Dictionary<string, string>
            {
                ["IndexedCount"] = index.Entries.Count.ToString(CultureInfo.InvariantCulture),
                ["DiskArtifactCount"] = files.Sizes.Count.ToString(CultureInfo.InvariantCulture),
                ["MissingFromDisk"] = missing.Count.ToString(CultureInfo.InvariantCulture),
                ["MissingSamples"] = string.Join(", ", missing.Order(PathOrder.Instance).Take(Samples)),
                ["Drift"] = drift.ToString("0.#", CultureInfo.InvariantCulture),
            },
        };
    }
}
