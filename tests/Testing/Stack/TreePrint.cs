using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Stack;

/// <summary>
/// A tree of files as text: type, mode, owner, time to the nanosecond, size, link target and digest of each entry. Without the times
/// of directories, which change with every file that comes or goes.
/// </summary>
public static class TreePrint
{
    private const string Print = """
        cd "$1"
        find . -mindepth 1 -printf '%P\t%y\t%m\t%u:%g\t%T@\t%s\t%l\n' | sed -E '/\td\t/s/\t[^\t]+\t[0-9]+\t([^\t]*)$/\t-\t-\t\1/' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
        """;

    /// <summary>Prints a tree with the programs of the system, so that no code under test judges itself.</summary>
    public static async Task<string> OfAsync(string directory, CancellationToken cancellationToken) =>
        (await Processes.RunAsync("bash", ["-ec", Print, "print", directory], cancellationToken: cancellationToken)).Checked().Output;
}
