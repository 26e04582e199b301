using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>Reads the records of archived WAL along a proven way, the next segment while one is looked through.</summary>
internal sealed class RecordScan(WalReader reader, WalFiles files, CoverageProof proof)
{
    /// <summary>Shows the records from the segment that holds <paramref name="from"/> on, until <paramref name="seen"/> returns false.</summary>
    /// <exception cref="WalException">A segment is damaged, or gone since it was listed.</exception>
    public async Task RunAsync(Lsn from, Func<WalRecord, bool> seen, CancellationToken cancellationToken)
    {
        var records = new WalRecordReader(files);
        var names = proof.Segments.Where(name => files.StartOf(Number(name) + 1) > from).ToList();
        Task<byte[]>? next = null;
        foreach (var (index, name) in names.Index())
        {
            var segment = await (next ?? ReadAsync(name, cancellationToken)).ConfigureAwait(false);
            next = index + 1 < names.Count ? ReadAsync(names[index + 1], cancellationToken) : null;
            if (!records.Read(segment, files.StartOf(Number(name)), proof.ReachesTo, seen))
            {
                break;
            }
        }

        if (next is not null)
        {
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ulong Number(WalName name) => files.NumberOf(name) ?? 0;

    private Task<byte[]> ReadAsync(WalName name, CancellationToken cancellationToken) => Task.Run(
        async () => await reader.ReadAsync(name.ToString(), cancellationToken).ConfigureAwait(false)
            ?? throw new WalException(WalFailure.NotFound, $"segment {name} was in the archive when it was listed, and is not there now"),
        cancellationToken);
}
