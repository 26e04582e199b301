using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Rotation;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo key rotate</c>: works on a location, since the new key comes with a new repository in it.</summary>
internal sealed class RepoKeyRotateCommand : StellaCommand
{
    private readonly Option<string> _location = new("--location") { Description = "Address of the location", HelpName = "URL", Required = true };
    private readonly ComponentOption _component = new("--type", "Component whose repository gets a new master key") { Required = true };
    private readonly Option<string> _password = new("--password-file") { Description = "File whose first line is the old password", HelpName = "FILE", Required = true };
    private readonly Option<string> _newPassword = new("--new-password-file") { Description = "File whose first line is the new password", HelpName = "FILE", Required = true };
    private readonly Option<int> _wait = new("--wait") { Description = "Minutes to wait for running backups", HelpName = "N", DefaultValueFactory = _ => 60 };
    private readonly Option<bool> _removeOld = new("--remove-old") { Description = "Remove the repository before the one in charge, when the grace is over" };
    private readonly Option<int> _grace = new("--grace") { Description = "Days that the old repository stays readable", HelpName = "N", DefaultValueFactory = _ => 7 };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Remove without asking" };

    public RepoKeyRotateCommand()
        : base("rotate", "Give a component of a location a new master key, while backups go on")
    {
        foreach (var option in (Option[])[_location, _component, _password, _newPassword, _wait, _removeOld, _grace, _confirm])
        {
            Add(option);
        }

        Examples =
        [
            "stella repo key rotate --location /srv/backups --type evidence --password-file /etc/stella/evidence.old --new-password-file /etc/stella/evidence.new",
            "stella repo key rotate --location /srv/backups --type evidence --password-file /etc/stella/evidence.old --new-password-file /etc/stella/evidence.new --remove-old --confirm",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            var url = parsed.GetRequiredValue(_location);
            await using var location = ObjectStoreFactory.Open(url.Contains("://", StringComparison.Ordinal) ? url : Path.GetFullPath(url));
            return parsed.GetValue(_removeOld)
                ? await RemoveAsync(session, parsed, location, cancellationToken)
                : await RotateAsync(session, parsed, location, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(ErrorCodes.Interrupted, "interrupted", "One epoch is in charge, and whole; run the command again to go on.");
        }
        catch (Exception e) when (e is not BackupException && RepositoryFailures.Expected(e) is { } expected)
        {
            throw expected;
        }
    }

    private async Task<int> RotateAsync(Session session, ParseResult parsed, IObjectStore location, CancellationToken cancellationToken)
    {
        var report = await CopyAsync(session, parsed, location, cancellationToken);
        session.PrintResult(
            new RotationView(
                report.Epoch, report.Folder, report.OldFolder, report.RepositoryId, report.Snapshots, report.Forgotten, report.ForgottenLost, report.Rounds, report.WasInCharge,
                report.Locked.TotalSeconds),
            output => output.WriteLine(
                $"epoch {report.Epoch} is in charge, in the folder {report.Folder}: {Units.Count(report.Snapshots)} snapshots, and {Units.Count(report.Forgotten)} that can be undeleted; "
                + $"{report.OldFolder} stays readable until --remove-old"));
        foreach (var lost in report.ForgottenLost)
        {
            session.Remark($"forgotten, and its data is gone: {lost}");
        }

        return 0;
    }

    /// <summary>The progress is closed before anything is printed: what it drew it erases from where the cursor is then.</summary>
    private async Task<RotationReport> CopyAsync(Session session, ParseResult parsed, IObjectStore location, CancellationToken cancellationToken)
    {
        await using var progress = new WorkProgress(session);
        var round = 0;
        return await new KeyRotation(location, parsed.GetRequiredValue(_component), Engine(session, parsed)).RunAsync(
            new RotationRequest
            {
                Password = PasswordFile.Read(parsed.GetRequiredValue(_password)),
                NewPassword = PasswordFile.Read(parsed.GetRequiredValue(_newPassword)),
                OnProgress = now =>
                {
                    if (Interlocked.Exchange(ref round, now.Round) != now.Round)
                    {
                        progress.Begin(now.IsLast ? "copy the rest" : "copy");
                    }

                    progress.Set(now.Copy.Blobs, now.Copy.Bytes, now.Copy.BlobsTotal, now.Copy.BytesTotal);
                },
            },
            cancellationToken);
    }

    private async Task<int> RemoveAsync(Session session, ParseResult parsed, IObjectStore location, CancellationToken cancellationToken)
    {
        await session.RequireAsync(
            parsed.GetValue(_confirm), $"this removes the old repository of {parsed.GetRequiredValue(_component)} in {location.Description} for good", parsed.GetRequiredValue(_component),
            "the same command with --confirm", cancellationToken);
        var removed = await new OldEpochs(location, parsed.GetRequiredValue(_component), Engine(session, parsed)).RemoveAsync(
            PasswordFile.Read(parsed.GetRequiredValue(_newPassword)), PasswordFile.Read(parsed.GetRequiredValue(_password)), TimeSpan.FromDays(parsed.GetValue(_grace)), cancellationToken);
        session.PrintResult(new RemovedEpochView(removed), output => output.WriteLine(removed is null ? "there is no old repository" : $"{removed} removed"));
        return 0;
    }

    private RepositoryOptions Engine(Session session, ParseResult parsed) => new() { Clock = session.Clock, LockWait = TimeSpan.FromMinutes(parsed.GetValue(_wait)) };

    internal sealed record RotationView(
        int Epoch, string Folder, string OldFolder, string Repository, int Snapshots, int Forgotten, IReadOnlyList<string> ForgottenLost, int Rounds, bool WasInCharge,
        double LockedSeconds);

    internal sealed record RemovedEpochView(string? Removed);
}
