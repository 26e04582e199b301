using System.Buffers;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>A data file. Pages of relations are verified on the way, where the cluster has page checksums.</summary>
internal sealed class DataFileContent : IFileContent
{
    // The server may write a page while it is read: then a second look finds it whole. A file with many bad pages is broken,
    // and looking again and again would only take long.
    private const int Rereads = 3, RereadPages = 32;
    private static readonly TimeSpan RereadDelay = TimeSpan.FromMilliseconds(20);

    private readonly SourceEntry _entry;
    private readonly ClusterFile _file;
    private readonly IClusterFileContent _content;
    private readonly IClusterFiles _files;
    private readonly BaseBackupSession _session;
    private readonly PageProblems _problems;
    private readonly Action _done;
    private readonly RelationFile? _verified;
    private readonly byte[] _range = ArrayPool<byte>.Shared.Rent(RemoteFileReader.RangeLength);
    private long _position;
    private int _filled, _taken, _badPages;

    public DataFileContent(
        SourceEntry entry, ClusterFile file, IClusterFileContent content, IClusterFiles files, BaseBackupSession session, PageProblems problems, Action done)
    {
        (_entry, _file, _content, _files, _session, _problems, _done) = (entry, file, content, files, session, problems, done);
        _verified = session.Server.PageChecksums ? RelationFile.TryParse(file.Path) : null;
    }

    /// <summary>
    /// Relations are read up to their size at the listing: blocks behind it were added since and come back from WAL. Other
    /// files have no such guarantee and are read to their end.
    /// </summary>
    public static long LengthToRead(ClusterFile file) =>
        RelationFile.TryParse(file.Path) is null ? file.Size + RemoteFileReader.RangeLength : file.Size;

    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = 0;
        while (count < destination.Length)
        {
            if (_taken == _filled && !await FillAsync(cancellationToken))
            {
                break;
            }

            var part = Math.Min(destination.Length - count, _filled - _taken);
            _range.AsMemory(_taken, part).CopyTo(destination[count..]);
            _taken += part;
            count += part;
        }

        return count;
    }

    public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<(SourceEntry, string?)>((_entry, null));

    public async ValueTask DisposeAsync()
    {
        ArrayPool<byte>.Shared.Return(_range);
        await _content.DisposeAsync();
        _done();
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        _position = _content.Position;
        _filled = await _content.ReadAsync(_range.AsMemory(0, RemoteFileReader.RangeLength), cancellationToken);
        _taken = 0;
        if (_verified is { } relation)
        {
            await VerifyAsync(relation, cancellationToken);
        }

        return _filled > 0;
    }

    private async Task VerifyAsync(RelationFile relation, CancellationToken cancellationToken)
    {
        for (var at = 0; at + PageChecksums.PageSize <= _filled; at += PageChecksums.PageSize)
        {
            var block = (uint)((_position + at) / PageChecksums.PageSize);
            if (!PageChecksums.IsIntact(_range.AsSpan(at, PageChecksums.PageSize), relation.FirstBlock + block, _session.Start)
                && !await RepairAsync(relation, block, at, cancellationToken))
            {
                _problems.Add(new DamagedPage(_file.Path, block));
            }
        }
    }

    private async Task<bool> RepairAsync(RelationFile relation, uint block, int at, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Rereads && _badPages < RereadPages; attempt++)
        {
            await Task.Delay(RereadDelay, cancellationToken);
            var page = await _files.ReadRangeAsync(_file.Path, (long)block * PageChecksums.PageSize, PageChecksums.PageSize, cancellationToken);
            if (page.Length < PageChecksums.PageSize)
            {
                return true; // Truncated since; WAL says so, too.
            }

            if (PageChecksums.IsIntact(page, relation.FirstBlock + block, _session.Start))
            {
                page.CopyTo(_range.AsSpan(at));
                return true;
            }
        }

        _badPages++;
        return false;
    }
}
