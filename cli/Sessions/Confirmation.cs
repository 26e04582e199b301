using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>Nothing is destroyed by a slip: <c>--confirm</c>, or on a terminal the name typed again.</summary>
internal static class Confirmation
{
    /// <param name="session">The run.</param>
    /// <param name="confirmed">Whether <c>--confirm</c> was given.</param>
    /// <param name="consequence">What will happen, as a sentence without its full stop.</param>
    /// <param name="name">What has to be typed.</param>
    /// <param name="command">The command that would do it without asking.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.ConfirmationMissing"/>.</exception>
    public static async Task RequireAsync(
        this Session session, bool confirmed, string consequence, string name, string command, CancellationToken cancellationToken)
    {
        if (confirmed)
        {
            return;
        }

        if (!session.Terminal.CanAsk || session.Settings.Format != OutputFormat.Table)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, $"{consequence}; that has to be confirmed", $"Run: {command}");
        }

        await session.Terminal.Error.WriteAsync($"{consequence}.\nType '{name}' to go on: ");
        var answer = await Task.Run(session.Terminal.In.ReadLine, cancellationToken).WaitAsync(cancellationToken);
        if (answer?.Trim() != name)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, "not confirmed, nothing was changed", $"Type the name exactly, or run: {command}");
        }
    }
}
