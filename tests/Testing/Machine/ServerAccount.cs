namespace StellaOps.Backup.Testing.Machine;

/// <summary>The account that runs a server: PostgreSQL and RabbitMQ do not want to be root.</summary>
public static class ServerAccount
{
    /// <summary>True when this process is root.</summary>
    public static bool IsRoot { get; } = Environment.IsPrivilegedProcess;

    /// <summary>A command line that runs <paramref name="command"/> as <paramref name="account"/> when this process is root, else as it is.</summary>
    public static IReadOnlyList<string> Wrap(string account, params IEnumerable<string> command) => IsRoot
        ? ["setpriv", "--reuid", account, "--regid", account, "--init-groups", "--", .. command]
        : [.. command];

    /// <summary>Gives a tree to <paramref name="account"/> when this process is root.</summary>
    public static async Task GiveAsync(string account, string path, CancellationToken cancellationToken = default)
    {
        if (IsRoot)
        {
            (await Processes.RunAsync("chown", ["-R", $"{account}:{account}", path], cancellationToken: cancellationToken)).Checked();
        }
    }
}
