using StellaOps.Backup.Age;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.SecretsBackup.Archiving;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>
/// Proves a snapshot. With an identity it is restored and compared; without one everything is checked that ciphertext shows,
/// and the proof says so.
/// </summary>
internal sealed class SecretsProof(
    Component component, SecretsSettings settings, ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken)
    {
        TargetClaim.Check(spec.TargetDirectory, context.TaskId);
        await using var opened = await repositories.OpenAsync(component, cancellationToken);
        var saved = await SavedSecrets.LoadAsync(opened, spec.SnapshotId, cancellationToken);
        var decryption = await IdentityList.FindAsync(settings, cancellationToken);
        List<PhaseTime> phases = [];
        List<string> findings = [];
        if (spec.DryRun)
        {
            findings.Add(decryption is null
                ? $"{saved.Files.Count} files would be checked as ciphertext only: {IdentityList.Missing(component, settings).Hint}"
                : $"{saved.Files.Count} files would be decrypted into {spec.TargetDirectory ?? settings.ScratchDirectory} and compared");
            return Finish(saved, ProofDepth.Verified, phases, findings) with { Outcome = Outcome.Complete };
        }

        var check = new CiphertextCheck(saved);
        context.Progress.Begin("verify", saved.Files.Count, saved.Bytes);
        var start = clock.GetTimestamp();
        var recipients = await check.RunAsync(context.Progress, cancellationToken);
        phases.Add(new PhaseTime("verify", clock.GetElapsedTime(start)));
        findings.Add($"{saved.Files.Count} age files are whole; each has as many stanzas as {AgeNames.RecipientsFile} has recipients ({recipients.Names.Count}): whose they are, only an identity shows");
        findings.Add(await CompareRecipientsAsync(recipients, cancellationToken));

        if (decryption is null)
        {
            findings.Add("ciphertext only: there was no identity, so nothing was decrypted"
                + (spec.TargetDirectory is { } unused ? $" and nothing was restored to {unused}" : ""));
            context.Log.Warning(findings[^1]);
            return Finish(saved, ProofDepth.Verified, phases, findings);
        }

        start = clock.GetTimestamp();
        await RestoreAsync(context, spec, saved, check, decryption, cancellationToken);
        phases.Add(new PhaseTime("restore", clock.GetElapsedTime(start)));
        findings.Add($"{saved.Files.Count} files were decrypted; number, length, mode and time of each are right");
        return Finish(saved, ProofDepth.Restored, phases, findings);
    }

    private async Task<string> CompareRecipientsAsync(RecipientList then, CancellationToken cancellationToken)
    {
        if (settings.Recipients.Count == 0 && string.IsNullOrEmpty(settings.RecipientsFile))
        {
            return "no recipients are configured to compare with";
        }

        var now = await RecipientList.LoadAsync(component, settings, cancellationToken);
        return now.Tag == then.Tag
            ? $"the recipients of {AgeNames.RecipientsFile} are the configured ones"
            : $"the recipients have changed since; {AgeNames.RecipientsFile} names {string.Join(", ", then.Names)}";
    }

    private async Task RestoreAsync(
        TaskContext context, TestRestoreSpec spec, SavedSecrets saved, CiphertextCheck check, AgeDecryption decryption,
        CancellationToken cancellationToken)
    {
        if (spec.TargetDirectory is { } target)
        {
            using var claim = TargetClaim.Take(target, context.TaskId);
            await RestoreAsync(context, saved, target, check, decryption, cancellationToken);
            claim.Complete();
            return;
        }

        await using var scratch = await ScratchDirectory.CreateAsync(settings.ScratchDirectory, component, context.TaskId, context.Log.Warning, cancellationToken);
        await RestoreAsync(context, saved, scratch.Path, check, decryption, cancellationToken);
    }

    private static async Task RestoreAsync(
        TaskContext context, SavedSecrets saved, string directory, CiphertextCheck check, AgeDecryption decryption,
        CancellationToken cancellationToken)
    {
        context.Progress.Begin("write", saved.Files.Count, saved.Bytes);
        var progress = new ProgressDifference(context.Progress);
        var report = await new Restorer(saved.Repository).RunAsync(
            new RestoreRequest
            {
                Snapshot = saved.Snapshot,
                TargetDirectory = directory,
                Transform = new DecryptingTransform(decryption),
                OnProgress = now => progress.Report(now.Files, now.Bytes),
            },
            cancellationToken);
        foreach (var warning in report.Warnings)
        {
            context.Log.Warning(warning);
        }

        context.Progress.Begin("compare", saved.Files.Count);
        await new RestoredCopyCheck(saved, check, directory).RunAsync(cancellationToken);
    }

    private static TaskResult Finish(SavedSecrets saved, ProofDepth depth, List<PhaseTime> phases, List<string> findings) => new()
    {
        Outcome = Outcome.Complete,
        Proof = new ProofResult
        {
            Depth = depth,
            FilesChecked = phases.Count == 0 ? 0 : saved.Files.Count,
            BytesChecked = phases.Count == 0 ? 0 : saved.Bytes,
            Phases = phases,
            Findings = findings,
        },
    };
}
