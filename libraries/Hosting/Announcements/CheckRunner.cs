using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>Runs the service's checks again and again, and when somebody asks, and keeps the newest result of each.</summary>
public sealed partial class CheckRunner(IEnumerable<IServiceCheck> checks, TimeProvider clock, ILogger<CheckRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly Newest[] _checks = [.. checks.Select(check => new Newest(check))];

    /// <summary>The longest that one check may take.</summary>
    public static TimeSpan TimeLimit { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The newest result of each check that ever ended.</summary>
    public IReadOnlyList<CheckResult> Results => [.. _checks.Select(check => check.Result).OfType<CheckResult>()];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_checks.Length == 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await LookAsync([], stoppingToken).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Runs checks now, all at the same time.</summary>
    /// <param name="wanted">Their names; none means all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<CheckResult>> LookAsync(IReadOnlyCollection<string> wanted, CancellationToken cancellationToken) =>
        await Task.WhenAll(_checks.Where(check => wanted.Count == 0 || wanted.Contains(check.Check.Id)).Select(check => LookAsync(check, cancellationToken))).ConfigureAwait(false);

    private async Task<CheckResult> LookAsync(Newest newest, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        var result = newest.HangsSince(TimeLimit, clock) is { } since ? StillRuns(newest.Check, since) : await RunAsync(newest, cancellationToken).ConfigureAwait(false);
        newest.Set(result, began);
        return result;
    }

    private async Task<CheckResult> RunAsync(Newest newest, CancellationToken cancellationToken)
    {
        var check = newest.Check;
        using var time = new CancellationTokenSource(TimeLimit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            // A check that does not listen to its token must not hold up the others.
            var run = Task.Run(() => check.RunAsync(limit.Token), limit.Token);
            newest.Began(run, clock);
            return await run.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(check, $"no result within {TimeLimit.TotalSeconds:0} seconds", []);
        }
        catch (BackupException e)
        {
            return Failed(check, e.Message, [e.Hint]);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A defect in one check is that check's result; the loop of the others goes on.
            LogDefect(logger, e, check.Id);
            return Failed(check, $"the check itself failed: {e.Message}", []);
        }
    }

    private static CheckResult StillRuns(IServiceCheck check, DateTimeOffset since) => Failed(
        check,
        string.Create(CultureInfo.InvariantCulture, $"still running since {since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}: what it looks at does not answer, and it is not begun again before it ends"),
        ["Mend what does not answer, such as a network mount; restart this service when the check runs on all the same"]);

    private static CheckResult Failed(IServiceCheck check, string message, IReadOnlyList<string> remedy) => new()
    {
        Check = check.Id,
        Category = check.Category,
        Subject = check.Subject,
        Status = "fail",
        Message = message,
        Remedy = remedy,
    };

    [LoggerMessage(1, LogLevel.Error, "check {Check} ended unexpectedly")]
    private static partial void LogDefect(ILogger logger, Exception exception, string check);

    /// <summary>A check, and what it saw when it was last begun: one that was begun earlier and took longer tells older news.</summary>
    private sealed class Newest(IServiceCheck check)
    {
        private readonly Lock _gate = new();
        private readonly List<(Task Run, long Timestamp, DateTimeOffset At)> _running = [];
        private long _began = long.MinValue;

        public IServiceCheck Check => check;

        public CheckResult? Result { get; private set; }

        public void Began(Task run, TimeProvider clock)
        {
            lock (_gate)
            {
                _running.Add((run, clock.GetTimestamp(), clock.GetUtcNow()));
            }
        }

        /// <summary>Since when it runs that has had its time and listens to no token; null when no run of it does. One more every half minute would pile up, with a thread or a connection each.</summary>
        public DateTimeOffset? HangsSince(TimeSpan limit, TimeProvider clock)
        {
            lock (_gate)
            {
                _running.RemoveAll(one => one.Run.IsCompleted);
                return _running.Count > 0 && clock.GetElapsedTime(_running[0].Timestamp) >= limit ? _running[0].At : null;
            }
        }

        public void Set(CheckResult result, long began)
        {
            lock (_gate)
            {
                if (began >= _began)
                {
                    (Result, _began) = (result, began);
                }
            }
        }
    }
}
