using Npgsql;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// One sealing of an operation at a time, of all coordinators. The lock belongs to a connection that stays open meanwhile: it ends with the process, and
/// a minute after a machine that is gone.
/// </summary>
internal sealed class SealLock(NpgsqlDataSource catalog)
{
    /// <summary>Beside that of the events of an operation.</summary>
    private const int Space = 22339;

    /// <returns>What gives it back; null when another holds it. (One of another operation seldom has the same number: who asks again gets it later.)</returns>
    public async Task<IAsyncDisposable?> TryTakeAsync(Guid operation, CancellationToken cancellationToken)
    {
        var connection = await catalog.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 4";
            await command.ExecuteNonQueryAsync(cancellationToken);
            command.CommandText = "SELECT pg_try_advisory_lock(@space, hashtext(@operation))";
            command.Parameters.AddWithValue("space", Space);
            command.Parameters.AddWithValue("operation", operation.ToString());
            if (await command.ExecuteScalarAsync(cancellationToken) is true)
            {
                return new Held(connection, operation);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    private sealed class Held(NpgsqlConnection connection, Guid operation) : IAsyncDisposable
    {
        /// <summary>At once, and not when the pool uses the connection again. A connection that broke has taken the lock with it.</summary>
        public async ValueTask DisposeAsync()
        {
            await using (connection)
            {
                try
                {
                    await using var command = connection.CreateCommand();
                    command.CommandText = "SELECT pg_advisory_unlock(@space, hashtext(@operation))";
                    command.Parameters.AddWithValue("space", Space);
                    command.Parameters.AddWithValue("operation", operation.ToString());
                    await command.ExecuteNonQueryAsync();
                }
                catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
                {
                }
            }
        }
    }
}
