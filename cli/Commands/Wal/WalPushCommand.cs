using System.CommandLine;
using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Push;

namespace StellaOps.Backup.Cli.Commands.Wal;

/// <summary><c>stella wal push</c>: the <c>archive_command</c> of a server whose WAL cannot be streamed.</summary>
internal sealed class WalPushCommand : StellaCommand
{
    private const string LocationVariable = "STELLA_LOCATION", RecipientsVariable = "STELLA_WAL_RECIPIENTS_FILE";

    private readonly Argument<string> _path = new("path") { Description = "The file: %p in archive_command" };
    private readonly Option<string> _location = new("--location") { Description = $"Address of the location ({LocationVariable})", HelpName = "URL" };
    private readonly Option<string[]> _recipients = new("--recipient") { Description = "age recipient to encrypt to; may be given several times", HelpName = "age1..." };
    private readonly Option<string> _recipientsFile = new("--recipients-file") { Description = $"File of age recipients, one a line ({RecipientsVariable})", HelpName = "FILE" };

    public WalPushCommand()
        : base("push", "Archive one file of pg_wal; ends with 0 only when it is durable in the location")
    {
        Add(_path);
        Add(_location);
        Add(_recipients);
        Add(_recipientsFile);
        Examples = ["stella wal push %p --location /srv/backups --recipients-file /etc/stella/wal-recipients"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            await using var location = Open(parsed);
            var outcome = await new WalPush(location, Encryption(parsed)).RunAsync(parsed.GetValue(_path)!, cancellationToken);
            session.Remark(outcome == PushOutcome.Stored ? "archived" : "was archived already");
            return 0;
        }
        catch (WalException e)
        {
            throw new BackupException(e.Failure == WalFailure.Conflict ? ErrorCodes.WalConflict : ErrorCodes.InvalidInput, e.Message, inner: e);
        }
        catch (FileNotFoundException e)
        {
            throw new BackupException(ErrorCodes.InvalidInput, e.Message, inner: e);
        }
        catch (Exception e) when (e is not BackupException && RepositoryFailures.Expected(e) is { } expected)
        {
            throw expected;
        }
    }

    private IObjectStore Open(ParseResult parsed)
    {
        var url = parsed.GetValue(_location) ?? Variable(LocationVariable)
            ?? throw new BackupException(ErrorCodes.InvalidInput, "no location is named", $"Name it with {_location.Name} or {LocationVariable}.");
        return ObjectStoreFactory.Open(url.Contains("://", StringComparison.Ordinal) ? url : Path.GetFullPath(url));
    }

    private AgeEncryption Encryption(ParseResult parsed)
    {
        var lines = (parsed.GetValue(_recipients) ?? []).AsEnumerable();
        if ((parsed.GetValue(_recipientsFile) ?? Variable(RecipientsVariable)) is { } file)
        {
            lines = lines.Append(File.ReadAllText(file));
        }

        try
        {
            return new AgeEncryption([.. AgeKeyFile.ParseRecipients(string.Join('\n', lines))]);
        }
        catch (Exception e) when (e is AgeException or ArgumentException)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput, $"the recipients are wrong: {e.Message}",
                $"WAL is never stored in the clear: name whom to encrypt to with {_recipients.Name}, {_recipientsFile.Name} or {RecipientsVariable}.", e);
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
