using Npgsql;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Stack;

/// <summary>The platform that the stack protects: its PostgreSQL, evidence, configuration, secrets and keys.</summary>
public sealed class Platform(LocalStack stack)
{
    /// <summary>Connection string of libpq to the platform's database.</summary>
    public string Dsn => stack.Environment["STELLA_PLATFORM_DSN"];

    /// <summary>The password of that connection, for programs that connect to further databases by themselves.</summary>
    public IReadOnlyDictionary<string, string?> Password => new Dictionary<string, string?>
    {
        ["PGPASSWORD"] = Dsn.Split(' ').Single(part => part.StartsWith("password=", StringComparison.Ordinal))["password=".Length..],
    };

    /// <summary>PostgreSQL's data directory.</summary>
    public string DataDirectory => stack.Environment["STELLA_PLATFORM_DATA"];

    /// <summary>The directories of the components that are files.</summary>
    private static readonly string[] Directories =
        ["evidence", "config", "secrets", "keys"];

    /// <summary>Directory of one of those components.</summary>
    public string DirectoryOf(string component) => stack.Environment[$"STELLA_{component.ToUpperInvariant()}_DIR"];

    /// <summary>Logical dump of the whole cluster: roles, tablespaces, every database with its large objects.</summary>
    public Task<string> DumpAsync(CancellationToken cancellationToken) => DumpAsync(Dsn, Password, cancellationToken);

    /// <summary>Logical dump of another server.</summary>
    public static async Task<string> DumpAsync(string dsn, IReadOnlyDictionary<string, string?>? password, CancellationToken cancellationToken)
    {
        var dump = (await Processes.RunAsync("pg_dumpall", ["--no-password", "--dbname", dsn], password, cancellationToken: cancellationToken)).Checked().Output;

        // Newer minor versions guard a dump with a random word on lines of their own.
        return string.Join('\n', dump.Split('\n').Where(line => !line.StartsWith("\\restrict", StringComparison.Ordinal)
            && !line.StartsWith("\\unrestrict", StringComparison.Ordinal)));
    }

    /// <summary>Runs statements and returns the first value of the last result.</summary>
    public async Task<string> SqlAsync(string sql, CancellationToken cancellationToken) =>
        (await Processes.RunAsync("psql", ["--dbname", Dsn, "--no-psqlrc", "-qtAX", "-v", "ON_ERROR_STOP=1", "-f", "-"], input: sql, cancellationToken: cancellationToken))
        .Checked().Output.Trim();

    /// <summary>Everything that a restore has to bring back in the directories, as lines that can be compared.</summary>
    public async Task<string> FilesAsync(CancellationToken cancellationToken)
    {
        var prints = new List<string>();
        foreach (var component in Directories)
        {
            prints.Add(await TreePrint.OfAsync(DirectoryOf(component), cancellationToken));
        }

        return string.Join('\n', prints);
    }

    /// <summary>A connection that writes like an application does.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder();
        foreach (var pair in Dsn.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2)))
        {
            builder[pair[0] switch { "dbname" => "Database", "user" => "Username", var name => name }] = pair[1].Trim('\'');
        }

        var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
