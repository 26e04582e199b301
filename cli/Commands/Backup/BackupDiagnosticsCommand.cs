using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Diagnostics;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup diagnostics</c>.</summary>
internal sealed class BackupDiagnosticsCommand : StellaCommand
{
    private readonly Option<string> _output = new("--output") { Description = "The new archive, a .tar.gz", HelpName = "FILE", Required = true };

    public BackupDiagnosticsCommand()
        : base("diagnostics", "Gather what people who help need to know, without secrets, in one archive")
    {
        Add(_output);
        Examples = ["stella backup diagnostics --output /tmp/backup-diag.tar.gz"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(_output));
        var archive = new DiagnosticsArchive(new SecretScrub(session.Token.Read()), session.Clock.GetUtcNow());
        await new DiagnosticsGathering(session).RunAsync(archive, cancellationToken);
        archive.WriteTo(path);
        var result = new DiagnosticsResultView(path, new FileInfo(path).Length, archive.Parts, archive.Missing);
        session.Print(result, output =>
        {
            output.WriteLine($"{path}: {Units.Size(result.Bytes)}, readable for you only; look at it before you hand it on");
            foreach (var missing in result.Missing)
            {
                output.WriteLine($"missing: {missing}");
            }
        });
        return archive.Missing.Count == 0 ? 0 : throw new BackupException(
            ErrorCodes.Incomplete, $"{archive.Missing.Count} parts of the diagnostics could not be had", "The archive says why; it can be handed on as it is.");
    }

    internal sealed record DiagnosticsResultView(string File, long Bytes, IReadOnlyList<string> Parts, IReadOnlyList<string> Missing);
}
