namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// A read-only stream that turns another one's bytes into its own, step by step. Derived classes hold the steps and no
/// input or output, so that the synchronous and the asynchronous way share them. The first failure is repeated on every
/// later read.
/// </summary>
internal abstract class PullStream(Stream source, bool leaveOpen) : Stream
{
    private AgeException? _failure;

    /// <summary>Output of the last step that was not handed out yet. Empty when the next step is due.</summary>
    protected ReadOnlyMemory<byte> Ready { get; set; }

    /// <summary>True when no step follows.</summary>
    protected bool Ended { get; set; }

    /// <summary>Where the next bytes of the source go; never empty before the end.</summary>
    protected abstract Memory<byte> Wanted { get; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (IsStepDue(buffer.Length))
        {
            var wanted = Wanted.Span;
            Step(source.ReadAtLeast(wanted, wanted.Length, throwOnEndOfStream: false));
        }

        return Take(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (IsStepDue(buffer.Length))
        {
            var wanted = Wanted;
            Step(await source.ReadAtLeastAsync(wanted, wanted.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false));
        }

        return Take(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Makes output of <paramref name="count"/> bytes in <see cref="Wanted"/>; fewer than wanted means that the source has ended.</summary>
    protected abstract void Accept(int count);

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        if (!leaveOpen)
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private bool IsStepDue(int room)
    {
        if (_failure is not null)
        {
            throw new AgeException(_failure.Failure, _failure.Message, _failure);
        }

        return room > 0 && Ready.IsEmpty && !Ended;
    }

    private void Step(int count)
    {
        try
        {
            Accept(count);
        }
        catch (AgeException failure)
        {
            _failure = failure;
            throw;
        }
    }

    private int Take(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, Ready.Length);
        Ready.Span[..count].CopyTo(destination);
        Ready = Ready[count..];
        return count;
    }
}
