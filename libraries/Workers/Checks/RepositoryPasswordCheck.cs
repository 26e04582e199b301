using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Checks;

/// <summary><c>check.repository.password</c>: the password file of the component's repository is there and not empty.</summary>
internal sealed class RepositoryPasswordCheck(Component component, ComponentSettings settings) : IServiceCheck
{
    public string Id => "check.repository.password";

    public string Category => "storage";

    public string? Subject => component.Name();

    public Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        _ = SecretFile.ReadFirstLine(settings.RepositoryPasswordFile, ComponentRepositories.PasswordSetting(component));
        return Task.FromResult(CheckResults.Pass(this, "the password of the repository is there"));
    }
}
