using System.Text.Json;
using System.Text.Json.Nodes;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>Starts workers on one broker, one after the other: they share a queue.</summary>
internal sealed class Workers(string program, PrivateRabbitMq broker, Dispatcher dispatcher)
{
    /// <summary>Starts one, and waits until it takes tasks.</summary>
    /// <param name="directory">Where its files go.</param>
    /// <param name="location">Section <c>Location</c>.</param>
    /// <param name="database">Section <c>Database</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<WorkerProcess> StartAsync(string directory, object location, JsonObject database, CancellationToken cancellationToken)
    {
        var worker = await StartUnheardAsync(directory, location, database, cancellationToken);
        try
        {
            await worker.ReadyAsync(cancellationToken);
            return worker;
        }
        catch
        {
            worker.Dispose();
            throw;
        }
    }

    /// <summary>Starts one that works by itself.</summary>
    public async Task<WorkerProcess> StartUnheardAsync(string directory, object location, JsonObject database, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var password = Path.Combine(directory, "password");
        await File.WriteAllTextAsync(password, broker.Password, cancellationToken);
        database["RepositoryPasswordFile"] = password;
        database["ScratchDirectory"] = Path.Combine(directory, "scratch");
        var settings = new JsonObject
        {
            ["Location"] = JsonSerializer.SerializeToNode(location),
            ["Broker"] = new JsonObject { ["Host"] = broker.Host, ["Port"] = broker.Port, ["Username"] = broker.Username, ["PasswordFile"] = password },
            ["Listen"] = new JsonObject { ["Url"] = $"http://127.0.0.1:{FreePorts.Next()}" },
            ["Database"] = database,
        };
        var file = Path.Combine(directory, "worker.json");
        await File.WriteAllTextAsync(file, settings.ToJsonString(), cancellationToken);
        return WorkerProcess.Start(program, file, Path.Combine(directory, "worker.log"), dispatcher);
    }

    /// <summary>Section <c>Database</c> of a worker that protects a cluster.</summary>
    public static JsonObject Of(SourceCluster cluster, string source = "Directory") => new()
    {
        ["ConnectionString"] = cluster.Server.ConnectionString,
        ["DataDirectory"] = cluster.Server.DataDirectory,
        ["BinDirectory"] = cluster.Server.BinDirectory,
        ["Source"] = source,
        ["RunAs"] = Environment.IsPrivilegedProcess ? PrivatePostgres.Account : Environment.UserName,
    };

    /// <summary>Section <c>Database</c> of a worker that spares a cluster which it protects.</summary>
    public static JsonObject Sparing(SourceCluster cluster)
    {
        var section = Of(cluster);
        section["Checkpoint"] = "Spread";
        return section;
    }

    /// <summary>Section <c>Database</c> of a worker whose cluster does not run.</summary>
    public static JsonObject Stopped(SourceCluster cluster, string dataDirectory)
    {
        var section = Of(cluster);
        section["ConnectionString"] = $"Host=127.0.0.1;Port={FreePorts.Next()};Username=postgres";
        section["DataDirectory"] = dataDirectory;
        return section;
    }
}
