using System.CommandLine;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary><c>--no-lock</c> of commands that only read.</summary>
internal sealed class NoLockOption : Option<bool>
{
    public NoLockOption()
        : base("--no-lock") => Description = "Take no lock, also where the store can be written; a prune at the same time may then take away what is read";
}
