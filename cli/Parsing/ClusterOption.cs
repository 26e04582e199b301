using System.CommandLine;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary><c>--cluster</c>: name of a PostgreSQL cluster, where an installation has several.</summary>
internal sealed class ClusterOption : Option<string>
{
    public ClusterOption(string description)
        : base("--cluster")
    {
        Description = description;
        HelpName = "NAME";
        Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && !Clusters.IsName(token.Value))
            {
                result.AddError($"'{token.Value}' cannot be the name of a cluster: lower-case letters, digits, hyphens and underscores; 'stella status' lists them");
            }
        });
    }
}
