namespace StellaOps.Backup.Postgres.Servers;

/// <summary>How a private server is started.</summary>
public sealed record PrivateServerOptions
{
    /// <summary>Absolute path; the server owns and changes it.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Directory with <c>postgres</c> of the matching major version.</summary>
    public required string BinDirectory { get; init; }

    /// <summary>15, 16 …</summary>
    public required int MajorVersion { get; init; }

    /// <summary>Account to run as when this process is root; null otherwise.</summary>
    public Account? RunAs { get; init; }

    /// <summary>Superuser to connect as; its name is in the cluster.</summary>
    public string Superuser { get; init; } = "postgres";

    /// <summary>Where the directory of the socket is made; the temporary directory when null or when a socket's name gets too long.</summary>
    public string? RuntimeParent { get; init; }

    /// <summary>One that <see cref="PrivateServer.MakeRuntimeDirectory"/> has made, in place of one that is made at the start. The server removes it in the end.</summary>
    public string? RuntimeDirectory { get; init; }

    /// <summary>Further settings; they win over the minimal ones.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest time until the server takes connections: the replay of all WAL is inside it.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest time for an orderly stop.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
