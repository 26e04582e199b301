using System.CommandLine;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary><c>--type</c> of a schedule: what it starts. The server knows which kinds there are.</summary>
internal sealed class ScheduleTypeOption : Option<string>
{
    public ScheduleTypeOption()
        : base("--type")
    {
        Description = "What it starts: database, evidence, config, secrets, keys, full, retention";
        HelpName = "T";
        Required = true;
    }
}
