using System.Diagnostics;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>The last lines that a server wrote, read for as long as it lives so that it never blocks on a full pipe.</summary>
internal sealed class ServerLog
{
    private const int Kept = 50;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly Task _readers;

    public ServerLog(Process process) =>
        _readers = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));

    public string Tail
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Waits until everything was read that an ended process wrote.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken) => _readers.WaitAsync(cancellationToken);

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_gate)
            {
                _lines.Enqueue(line);
                if (_lines.Count > Kept)
                {
                    _lines.Dequeue();
                }
            }
        }
    }
}
