namespace StellaOps.Backup.Testing.Machine;

/// <summary>What tests download or make once for all test projects of this machine.</summary>
public static class MachineCache
{
    private static readonly SemaphoreSlim Gate = new(1);

    /// <summary>Root's home is closed to the accounts that run servers, so root keeps it in /var/cache.</summary>
    private static string Root => ServerAccount.IsRoot
        ? "/var/cache/stella-tests"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "stella-tests");

    /// <summary>Directory of one thing; <paramref name="make"/> fills a new directory when there is none yet.</summary>
    /// <param name="name">Name with its version.</param>
    /// <param name="make">Fills the directory that it is given. What it leaves when it fails is never used.</param>
    /// <param name="cancellationToken">Ends the wait for another test project, too.</param>
    public static async Task<string> GetAsync(string name, Func<string, Task> make, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(make);
        var home = Path.Combine(Root, name);
        await Gate.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(Root);
            await using var mine = await LockAsync(Path.Combine(Root, "lock"), cancellationToken);
            if (!Directory.Exists(home))
            {
                var staged = $"{home}.new";
                if (Directory.Exists(staged))
                {
                    Directory.Delete(staged, recursive: true);
                }

                Directory.CreateDirectory(staged);
                await make(staged);
                Directory.Move(staged, home);
            }

            return home;
        }
        finally
        {
            Gate.Release();
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
                // Another test project makes something at this moment.
                await Task.Delay(200, cancellationToken);
            }
        }
    }
}
