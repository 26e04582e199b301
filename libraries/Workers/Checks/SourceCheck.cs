using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Checks;

/// <summary><c>check.source.readable</c>: what is to be saved is there and can be listed.</summary>
public sealed class SourceCheck(Component component, IReadOnlyList<string> paths) : IServiceCheck
{
    /// <inheritdoc/>
    public string Id => "check.source.readable";

    /// <inheritdoc/>
    public string Category => "source";

    /// <inheritdoc/>
    public string? Subject => component.Name();

    /// <inheritdoc/>
    public Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            if (!Path.Exists(path))
            {
                return Task.FromResult(CheckResults.Fail(this, $"{path} does not exist", $"ls -ld {path}"));
            }

            try
            {
                Touch(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Task.FromResult(CheckResults.Fail(this, $"{path} cannot be read: {e.Message}", $"setfacl -R -m u:{Environment.UserName}:rX {path}"));
            }
        }

        return Task.FromResult(CheckResults.Pass(this, $"{string.Join(", ", paths)} can be read"));
    }

    private static void Touch(string path)
    {
        if (Directory.Exists(path))
        {
            _ = Directory.EnumerateFileSystemEntries(path).Any();
        }
        else if (RegularFile.Is(path, followLinks: true))
        {
            File.OpenRead(path).Dispose();
        }
    }
}
