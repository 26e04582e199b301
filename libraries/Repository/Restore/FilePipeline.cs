using System.Threading.Channels;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// The way of regular files: a source → compare with the target → merge the blobs that are missing into large reads, ordered by pack →
/// read, decode and write, several at a time → commit. All stages run at once, with bounded channels between them.
/// </summary>
internal sealed class FilePipeline(
    FileRestorer restorer, FileWriter writer, FileCommitter committer, PackRangeReader reader, Action<RestoreDirectory> settle, int workers)
{
    private const int QueuedFiles = 256, QueuedRanges = 16;

    private readonly Channel<RestoreFile> _files = Channel.CreateBounded<RestoreFile>(QueuedFiles);
    private readonly Channel<PackRange<FilePart>> _ranges = Channel.CreateBounded<PackRange<FilePart>>(QueuedRanges);
    private readonly Channel<PendingFile> _complete = Channel.CreateBounded<PendingFile>(QueuedFiles);
    private int _preparing, _reading;

    /// <summary>Runs until every file of the source is in its place. Used once.</summary>
    /// <param name="source">Gives the files.</param>
    /// <param name="cancellationToken">Ends all stages; files that are not complete are removed.</param>
    public async Task RunAsync(Func<ChannelWriter<RestoreFile>, CancellationToken, Task> source, CancellationToken cancellationToken)
    {
        using var window = new ReadWindow(_ranges.Writer);
        (_preparing, _reading) = (workers, workers);
        var preparing = Enumerable.Repeat<Func<CancellationToken, Task>>(token => PrepareAsync(window, token), workers);
        var reading = Enumerable.Repeat<Func<CancellationToken, Task>>(ReadAsync, workers);
        try
        {
            await ParallelStages.RunAsync(
                [token => FeedAsync(source, token), .. preparing, .. reading, token => committer.RunAsync(_complete.Reader, token)],
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            while (_complete.Reader.TryRead(out var file))
            {
                FileCommitter.Discard(file); // Left behind by a failure.
            }
        }
    }

    private async Task FeedAsync(Func<ChannelWriter<RestoreFile>, CancellationToken, Task> source, CancellationToken cancellationToken)
    {
        await source(_files.Writer, cancellationToken).ConfigureAwait(false);
        _files.Writer.Complete();
    }

    private async Task PrepareAsync(ReadWindow window, CancellationToken cancellationToken)
    {
        await foreach (var file in _files.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var prepared = await restorer.PrepareAsync(file, cancellationToken).ConfigureAwait(false);
            if (prepared.InProgress is { } inProgress)
            {
                writer.Keep(inProgress);
                await window.AddAsync(inProgress, prepared.Missing!, cancellationToken).ConfigureAwait(false);
            }
            else if (prepared.Complete is { } complete)
            {
                await HandOverAsync(complete, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                settle(file.Directory);
            }
        }

        if (Interlocked.Decrement(ref _preparing) == 0)
        {
            await window.FlushAsync(cancellationToken).ConfigureAwait(false);
            _ranges.Writer.Complete();
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var taker = new FileTaker(writer);
        await foreach (var range in _ranges.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await reader.ReadAsync(range, taker, damaged: null, cancellationToken).ConfigureAwait(false);
            foreach (var file in taker.Finished)
            {
                if (file.TemporaryName is { } name)
                {
                    await HandOverAsync(new PendingFile(file.File, name), cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    settle(file.File.Directory);
                }

                writer.Release(file);
            }

            taker.Finished.Clear();
        }

        if (Interlocked.Decrement(ref _reading) == 0)
        {
            _complete.Writer.Complete();
        }
    }

    private async ValueTask HandOverAsync(PendingFile complete, CancellationToken cancellationToken)
    {
        try
        {
            await _complete.Writer.WriteAsync(complete, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            FileCommitter.Discard(complete);
            throw;
        }
    }
}
