using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Commands;

/// <summary>A command that does something: its options, its examples, and the edge at which its failures become exit statuses.</summary>
internal abstract class StellaCommand : Command
{
    protected StellaCommand(string name, string description)
        : base(name, description) => SetAction(RunAtEdgeAsync);

    /// <summary>Calls to copy, for the help text.</summary>
    public IReadOnlyList<string> Examples { get; protected init; } = [];

    /// <summary>Does the work; the answer is the exit status.</summary>
    protected abstract Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken);

    private async Task<int> RunAtEdgeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var terminal = new Terminal();
        Session? session = null;
        try
        {
            session = new Session(GlobalOptions.Read(parsed), terminal, TimeProvider.System);
            return await RunAsync(session, parsed, cancellationToken);
        }
        catch (BackupException e)
        {
            return Report(e);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Report(new BackupException(ErrorCodes.Detached, "interrupted", "What was accepted goes on: 'stella operation list' shows it."));
        }
        catch (Exception e)
        {
            // The command line's edge: whatever else is thrown is a defect, and must still end with a message and a status.
            var detail = GlobalOptions.IsVerbose(parsed) ? e.ToString() : $"{e.GetType().Name}: {e.Message}";
            return Report(new BackupException(ErrorCodes.Unexpected, $"unexpected: {detail}", "Run the command again with --verbose, and report what it prints."));
        }
        finally
        {
            session?.Dispose();
        }

        int Report(BackupException failure)
        {
            var format = session?.Settings.Format ?? GlobalOptions.FormatForErrors(parsed);
            ErrorWriter.Write(terminal.Error, format, failure, session?.TraceId, GlobalOptions.IsVerbose(parsed));
            return failure.Error.ExitStatus;
        }
    }
}
