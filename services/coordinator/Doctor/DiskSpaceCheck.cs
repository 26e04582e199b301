using System.Globalization;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.storage.diskspace</c>: how full the file system of the location is.</summary>
internal sealed class DiskSpaceCheck(IOptions<LocationSettings> settings) : IServiceCheck
{
    private const double WarnPercent = 75;
    private const double FailPercent = 90;

    /// <summary>A deletion of one point would free its bytes after its grace only.</summary>
    private static readonly IReadOnlyList<string> Remedies =
        ["stella backup storage stats", "Add space at the location, or drop points, which frees their bytes at once: stella backup cleanup --keep-last 3"];

    public string Id => "check.storage.diskspace";

    public string Category => "storage";

    public string Subject => LocationAddress.Parse(settings.Value.Url).Root;

    public Task<CheckResult> RunAsync(CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        if (LocationDrive.Find(settings.Value) is not { } drive)
        {
            return this.Result(CheckResults.Skip, "the location is not a directory of this host");
        }

        var used = 100.0 * (drive.TotalSize - drive.AvailableFreeSpace) / drive.TotalSize;
        var evidence = new Dictionary<string, string>
        {
            ["total_bytes"] = drive.TotalSize.ToString(CultureInfo.InvariantCulture),
            ["free_bytes"] = drive.AvailableFreeSpace.ToString(CultureInfo.InvariantCulture),
            ["used_percent"] = used.ToString("0.0", CultureInfo.InvariantCulture),
        };
        var message = string.Create(CultureInfo.InvariantCulture, $"{used:0} % used, {drive.AvailableFreeSpace / 1e9:0.0} GB free");
        var status = used >= FailPercent ? CheckResults.Fail : used >= WarnPercent ? CheckResults.Warn : CheckResults.Pass;
        return this.Result(status, message, status == CheckResults.Pass ? [] : Remedies, evidence);
    }
}
