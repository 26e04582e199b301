using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Tests;

public sealed class LineProgressTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 17, 10, 30, 0, TimeSpan.Zero));
    private readonly StringWriter _output = new();
    private readonly LineProgress _progress;

    public LineProgressTests() => _progress = new LineProgress(_output, _clock);

    [Fact]
    public void A_task_is_reported_when_it_has_an_amount_and_then_every_ten_seconds()
    {
        foreach (var second in Enumerable.Range(0, 25))
        {
            _progress.Update(At("read", bytes: (second + 1) * 1024L));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(
            """
            2026-01-17T10:30:00Z database: read 1.0 KiB of 1.0 MiB
            2026-01-17T10:30:10Z database: read 11.0 KiB of 1.0 MiB
            2026-01-17T10:30:20Z database: read 21.0 KiB of 1.0 MiB

            """,
            _output.ToString());
    }

    [Fact]
    public void A_phase_without_an_amount_is_reported_only_when_it_takes_long()
    {
        _progress.Update(At("start", bytes: 0));
        _clock.Advance(TimeSpan.FromSeconds(9));
        _progress.Update(At("amcheck", bytes: 0));
        Assert.Empty(_output.ToString());
        _clock.Advance(TimeSpan.FromSeconds(1));
        _progress.Update(At("amcheck", bytes: 0));
        Assert.Equal("2026-01-17T10:30:10Z database: amcheck\n", _output.ToString());
    }

    [Fact]
    public void A_task_that_no_worker_takes_is_said_to_wait_every_ten_seconds()
    {
        foreach (var _ in Enumerable.Range(0, 25))
        {
            _progress.Update(At("", bytes: 0, "queued"));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        _progress.Update(At("start", bytes: 0));
        Assert.Equal(
            """
            2026-01-17T10:30:10Z database: waiting for a worker of database
            2026-01-17T10:30:20Z database: waiting for a worker of database

            """,
            _output.ToString());
    }

    [Fact]
    public void More_than_the_estimate_is_not_shown_as_a_part_of_it() =>
        Assert.Equal("read 2.0 MiB", ProgressText.Sentence(At("read", bytes: 2 << 20).Tasks[0].Progress!));

    public async ValueTask DisposeAsync()
    {
        await _progress.DisposeAsync();
        await _output.DisposeAsync();
    }

    private static OperationView At(string phase, long bytes, string state = "running") => new()
    {
        Id = Guid.Empty,
        Kind = OperationKind.Backup,
        State = OperationState.Running,
        PointName = "nightly",
        RequestedBy = "operator",
        AcceptedAt = DateTimeOffset.UnixEpoch,
        TraceId = "",
        Tasks =
        [
            new TaskView
            {
                Id = Guid.Empty,
                Component = Component.Database,
                State = state,
                Attempt = 1,
                Progress = new TaskProgress { Phase = phase, BytesDone = bytes, BytesTotal = bytes > 0 ? 1 << 20 : null },
            },
        ],
    };
}
