using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>Runs the service's checks again and again and keeps their last results.</summary>
public sealed partial class CheckRunner(IEnumerable<IServiceCheck> checks, TimeProvider clock, ILogger<CheckRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);
    private readonly IServiceCheck[] _checks = [.. checks];
    private volatile IReadOnlyList<CheckResult> _results = [];

    /// <summary>Results of the last round; empty before the first.</summary>
    public IReadOnlyList<CheckResult> Results => _results;

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
            _results = await RunOnceAsync(stoppingToken).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>One round of all checks, at the same time.</summary>
    public async Task<IReadOnlyList<CheckResult>> RunOnceAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(_checks.Select(check => RunAsync(check, cancellationToken))).ConfigureAwait(false);

    private async Task<CheckResult> RunAsync(IServiceCheck check, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(TimeLimit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            // A check that does not listen to its token must not hold up the others.
            return await Task.Run(() => check.RunAsync(limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
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
}
