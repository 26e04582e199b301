using System.Globalization;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.storage.backup</c>: an object is written to the location, read back, compared and deleted, and the next backup could be saved.</summary>
internal sealed partial class StorageCheck(IObjectStore location, NextBackup next, TimeProvider clock, ILogger<StorageCheck> logger) : IServiceCheck
{
    private const double SlowMilliseconds = 1000;
    private int _saidEmulated;

    public string Id => "check.storage.backup";

    public string Category => "storage";

    public string Subject => location.Description;

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        var evidence = new Dictionary<string, string>();
        StoreFeatures features;
        (string What, IReadOnlyList<string> Remedy)? obstacle;
        try
        {
            features = await location.ProbeAsync(cancellationToken);
            obstacle = await next.ObstacleAsync(location, evidence, cancellationToken);
            startedAt = clock.GetTimestamp();
            if (!await StoreTrial.RunAsync(location, ArchiveExchange.Folder, cancellationToken))
            {
                return this.Result(CheckResults.Fail, "what was written is not what was read back", ["Look at the disk or the object store: it returned wrong data."]);
            }
        }
        catch (StorageException e)
        {
            return this.Result(CheckResults.Fail, e.Message, Remedy(e.Failure));
        }

        var milliseconds = clock.GetElapsedTime(startedAt).TotalMilliseconds;
        evidence["milliseconds"] = milliseconds.ToString("0", CultureInfo.InvariantCulture);
        evidence["conditional_create"] = features.ConditionalCreate ? "yes" : "no";
        evidence["conditional_create_in_parts"] = features.ConditionalCreateInParts ? "yes" : "no";
        evidence["versioning"] = features.Versioning ? "yes" : "no";
        evidence["object_lock"] = features.ObjectLock ? "yes" : "no";
        if (obstacle is var (what, remedy))
        {
            return this.Result(CheckResults.Fail, what, remedy, evidence);
        }

        if (!features.ConditionalCreate)
        {
            SayOnce();
            return this.Result(
                CheckResults.Warn, "written, read back and deleted; but two creators of one object are not kept apart",
                ["Use a bucket whose server honours If-None-Match on puts: without versioning, or of another server."], evidence);
        }

        return milliseconds > SlowMilliseconds
            ? this.Result(CheckResults.Warn, $"writable, but slow: {milliseconds:0} ms for one small object", ["Look at the load of the storage."], evidence)
            : this.Result(CheckResults.Pass, "written, read back and deleted", evidence: evidence);
    }

    /// <summary>The first round comes with the start of the service: whoever reads its log later finds there how it creates objects.</summary>
    private void SayOnce()
    {
        if (Interlocked.Exchange(ref _saidEmulated, 1) == 0)
        {
            LogEmulated(logger, location.Description);
        }
    }

    private static IReadOnlyList<string> Remedy(StorageFailure failure) => failure switch
    {
        StorageFailure.Full => ["stella backup storage stats", "Add space at the location, or drop points: stella backup cleanup --keep-last 3"],
        StorageFailure.PermissionDenied => ["Give the account of the coordinator write access to the location."],
        StorageFailure.Misconfigured => ["Correct Location:Url or Location:CredentialsFile as the message says, and restart the services."],
        _ => ["Check that the location is mounted and reachable, and that Location:Url names it."],
    };

    [LoggerMessage(1, LogLevel.Warning, "{Location} does not keep two creators of one object apart: each object is looked for before it is created")]
    private static partial void LogEmulated(ILogger logger, string location);
}
