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
    private byte[]? _range;
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
        // Whole pages go where they are wanted, without a copy.
        if (_taken == _filled && destination.Length >= PageChecksums.PageSize)
        {
            var pages = Math.Min(destination.Length, RemoteFileReader.RangeLength) / PageChecksums.PageSize * PageChecksums.PageSize;
            return await ReadRangeAsync(destination[..pages], cancellationToken);
        }

        _range ??= ArrayPool<byte>.Shared.Rent(RemoteFileReader.RangeLength);
        var count = 0;
        while (count < destination.Length)
        {
            if (_taken == _filled)
            {
                (_filled, _taken) = (await ReadRangeAsync(_range.AsMemory(0, RemoteFileReader.RangeLength), cancellationToken), 0);
                if (_filled == 0)
                {
                    break;
                }
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
        if (_range is not null)
        {
            ArrayPool<byte>.Shared.Return(_range);
        }

        await _content.DisposeAsync();
        _done();
    }

    private async Task<int> ReadRangeAsync(Memory<byte> range, CancellationToken cancellationToken)
    {
        var position = _content.Position;
        var count = await _content.ReadAsync(range, cancellationToken);
        if (_verified is { } relation)
        {
            await VerifyAsync(relation, range[..count], position / PageChecksums.PageSize, cancellationToken);
        }

        return count;
    }

    private async Task VerifyAsync(RelationFile relation, Memory<byte> range, long firstBlock, CancellationToken cancellationToken)
    {
        var asked = false;
        for (var at = 0; at + PageChecksums.PageSize <= range.Length; at += PageChecksums.PageSize)
        {
            var block = (uint)(firstBlock + (at / PageChecksums.PageSize));
            var page = range.Slice(at, PageChecksums.PageSize);
            if (PageChecksums.IsIntact(page.Span, relation.FirstBlock + block))
            {
                continue;
            }

            // One answer counts for the whole range, which was read before it: a file full of garbage does not cost a question for each page.
            var written = PageChecksums.PageLsn(page.Span);
            var inWal = asked ? _session.CanHaveChanged(written) : await _session.CanHaveChangedAsync(written, cancellationToken);
            asked |= !inWal && written >= _session.Start;
            if (!inWal && !await RepairAsync(relation, block, page, cancellationToken))
            {
                _problems.Add(new DamagedPage(_file.Path, block));
            }
        }
    }

    private async Task<bool> RepairAsync(RelationFile relation, uint block, Memory<byte> damaged, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Rereads && _badPages < RereadPages; attempt++)
        {
            await Task.Delay(RereadDelay, cancellationToken);
            var page = await _files.ReadRangeAsync(_file.Path, (long)block * PageChecksums.PageSize, PageChecksums.PageSize, cancellationToken);
            if (page.Length < PageChecksums.PageSize)
            {
                return true; // Truncated since; WAL says so, too.
            }

            if (PageChecksums.IsIntact(page, relation.FirstBlock + block) || await _session.CanHaveChangedAsync(PageChecksums.PageLsn(page), cancellationToken))
            {
                page.CopyTo(damaged.Span);
                return true;
            }
        }

        _badPages++;
        return false;
    }
}
