using System.Buffers;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Writing;

/// <summary>
/// The bytes of an archive, made while they are read: the next files are read ahead, and each is compared with its digest before a byte of it is
/// given on. Memory: <see cref="ReadAhead"/> files and one more, each as content and as member of the archive, 160 MiB with packs of 16 MiB.
/// </summary>
public sealed class ArchiveStream : SizedStream
{
    private const int ReadAhead = 4;

    private readonly ArchivePlan _plan;
    private readonly Func<ArchiveMember, CancellationToken, ValueTask<byte[]>> _read;
    private readonly Queue<Task<IMemoryOwner<byte>>> _ahead = new();
    private readonly CancellationTokenSource _stop = new();
    private IMemoryOwner<byte>? _current;
    private int _within;
    private int _next;
    private int _skipped;

    /// <param name="plan">What is to be written.</param>
    /// <param name="read">Reads the content of a file, several at a time.</param>
    public ArchiveStream(ArchivePlan plan, Func<ArchiveMember, CancellationToken, ValueTask<byte[]>> read)
    {
        ArgumentNullException.ThrowIfNull(plan);
        (_plan, _read) = (plan, read);
    }

    public override long Length => _plan.Length;

    /// <summary>The manifest names every byte, and is in the first ones.</summary>
    public override string Identity => _plan.ManifestSha256;

    /// <summary>Told where an archive is gone on with that an earlier attempt began.</summary>
    public Action<long>? OnGoOn { get; init; }

    public override async ValueTask GoToAsync(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)offset, (ulong)Length);
        await DropAsync().ConfigureAwait(false);
        (_next, var begin) = _plan.Layout.At(offset);
        (_skipped, Done) = ((int)(offset - begin), offset);
        OnGoOn?.Invoke(offset);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || !await HasBytesAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        var rest = _current!.Memory[_within..];
        var length = Math.Min(rest.Length, buffer.Length);
        rest[..length].CopyTo(buffer);
        _within += length;
        Done += length;
        return length;
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await DropAsync().ConfigureAwait(false);
        _stop.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What was read ahead is of no use.</summary>
    private async Task DropAsync()
    {
        foreach (var ahead in _ahead)
        {
            try
            {
                (await ahead.ConfigureAwait(false)).Dispose();
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or BackupException)
            {
                // Nobody wants it any more.
            }
        }

        _ahead.Clear();
        _current?.Dispose();
        _current = null;
    }

    private async ValueTask<bool> HasBytesAsync(CancellationToken cancellationToken)
    {
        while (_current is null || _within == _current.Memory.Length)
        {
            _current?.Dispose();
            _current = null;
            while (_ahead.Count < ReadAhead && _next <= _plan.Layout.Members.Count)
            {
                _ahead.Enqueue(MakeAsync(_next++));
            }

            if (_ahead.Count == 0)
            {
                return false;
            }

            _current = await _ahead.Peek().WaitAsync(cancellationToken).ConfigureAwait(false);
            _ = _ahead.Dequeue();
            (_within, _skipped) = (_skipped, 0);
        }

        return true;
    }

    /// <summary>A file, or behind the last one the end of the archive.</summary>
    private async Task<IMemoryOwner<byte>> MakeAsync(int number)
    {
        if (number == _plan.Layout.Members.Count)
        {
            return MemberEncoding.End();
        }

        var member = _plan.Layout.Members[number].Member;
        var content = await _read(member, _stop.Token).ConfigureAwait(false);
        return content.Length == member.Length && Convert.ToHexStringLower(SHA256.HashData(content)) == member.Sha256
            ? MemberEncoding.Encode(member, content, _plan.Manifest.PointStartedAt)
            : throw new BackupException(ErrorCodes.Damaged, $"{member.Path} is not what it was when the copy began, or is damaged: its content does not match its digest");
    }
}
