using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.SecretsBackup.Recipients;

/// <summary><c>check.secrets.recipients</c>: there are custodians to whom the next backup can be encrypted.</summary>
internal sealed class RecipientsCheck(Component component, SecretsSettings settings) : IServiceCheck
{
    public string Id => "check.secrets.recipients";

    public string Category => "security";

    public string? Subject => component.Name();

    /// <summary>What it throws is what a backup would be refused with.</summary>
    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var recipients = await RecipientList.LoadAsync(component, settings, cancellationToken);
        return CheckResults.Pass(this, $"a backup of {component.Name()} is encrypted to {recipients.Names.Count} recipients");
    }
}
