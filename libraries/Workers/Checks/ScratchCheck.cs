using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Checks;

/// <summary><c>check.scratch.writable</c>: test restores have a place.</summary>
internal sealed class ScratchCheck(Component component, ComponentSettings settings) : IServiceCheck
{
    public string Id => "check.scratch.writable";

    public string Category => "storage";

    public string? Subject => component.Name();

    public Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var directory = settings.ScratchDirectory;
        try
        {
            Directory.CreateDirectory(directory);
            using (File.Create(Path.Combine(directory, $".check-{Guid.NewGuid():n}"), 1, FileOptions.DeleteOnClose))
            {
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult(CheckResults.Fail(this, $"the scratch directory {directory} cannot be written: {e.Message}",
                $"install -d -m 0700 -o {Environment.UserName} {directory}"));
        }

        var free = new DriveInfo(directory).AvailableFreeSpace.ToString(CultureInfo.InvariantCulture);
        return Task.FromResult(CheckResults.Pass(this, $"the scratch directory {directory} can be written") with
        {
            Evidence = new Dictionary<string, string> { ["directory"] = directory, ["freeBytes"] = free },
        });
    }
}
