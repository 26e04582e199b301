namespace StellaOps.Backup.Testing.Machine;

/// <summary>A program of npm's, which is downloaded once for all test projects of this machine.</summary>
public static class NodePackage
{
    /// <summary>Finds Node.js and the package.</summary>
    /// <returns>The program <c>node</c>, and the directory that has the package in its <c>node_modules</c>.</returns>
    /// <exception cref="InvalidOperationException">One of them cannot be had; the message says why and what to install.</exception>
    public static async Task<(string Node, string Home)> GetAsync(string package, string version, CancellationToken cancellationToken = default)
    {
        var node = Processes.Find("node") ?? throw new InvalidOperationException($"node is not installed, which runs {package}; install it: apt-get install npm");
        var home = await MachineCache.GetAsync($"{package}-{version}", directory => DownloadAsync(package, version, directory, cancellationToken), cancellationToken);
        return (node, home);
    }

    private static async Task DownloadAsync(string package, string version, string directory, CancellationToken cancellationToken)
    {
        var npm = Processes.Find("npm") ?? throw new InvalidOperationException($"npm is not installed, which downloads {package}; install it: apt-get install npm");
        (await Processes.RunAsync(
            npm,
            ["install", "--prefix", directory, "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-save", $"{package}@{version}"],
            workingDirectory: directory,
            cancellationToken: cancellationToken)).Checked();
    }
}
