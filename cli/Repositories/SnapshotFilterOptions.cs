using System.CommandLine;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>The options that choose snapshots by what they say of themselves.</summary>
internal sealed class SnapshotFilterOptions
{
    private readonly Option<string> _host = new("--host") { Description = "Only snapshots of this host", HelpName = "NAME" };
    private readonly Option<string[]> _paths = new("--path") { Description = "Only snapshots that name this path; may be repeated", HelpName = "PATH" };
    private readonly Option<string[]> _tags = new("--tag") { Description = "Only snapshots that carry this tag; may be repeated", HelpName = "TAG" };

    public IEnumerable<Option> All => [_host, _paths, _tags];

    public SnapshotFilter Read(ParseResult parsed) => new()
    {
        Hostname = parsed.GetValue(_host),
        Paths = parsed.GetValue(_paths) ?? [],
        Tags = parsed.GetValue(_tags) ?? [],
    };
}
