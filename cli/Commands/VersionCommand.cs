using System.CommandLine;
using StellaOps.Backup.Cli.Sessions;

namespace StellaOps.Backup.Cli.Commands;

/// <summary><c>stella version</c>.</summary>
internal sealed class VersionCommand : StellaCommand
{
    public VersionCommand()
        : base("version", "Print the version of this program") =>
        Examples = ["stella version"];

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        session.Print(new VersionView(ProductVersion.Text), output => output.WriteLine($"stella {ProductVersion.Text}"));
        return Task.FromResult(0);
    }

    internal sealed record VersionView(string Version);
}
