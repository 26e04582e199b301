using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Workers.Trials;

/// <summary>Steps of a trial, each with its time and what came of it. A step whose like failed before it is not tried.</summary>
public sealed class TrialSteps
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);
    private readonly Func<Exception, BackupException?> _expected;
    private readonly TaskProgressMeter _progress;
    private readonly TimeProvider _clock;
    private readonly List<TrialStep> _steps = [];
    private string? _failed;

    /// <param name="expected">The row of the error table that an exception stands for; null for a defect.</param>
    /// <param name="progress">Is told each step.</param>
    /// <param name="clock">For durations.</param>
    public TrialSteps(Func<Exception, BackupException?> expected, TaskProgressMeter progress, TimeProvider clock) =>
        (_expected, _progress, _clock) = (expected, progress, clock);

    /// <summary>Those that were tried, and those that were not.</summary>
    public IReadOnlyList<TrialStep> All => _steps;

    /// <summary>What follows depends on nothing that was tried before.</summary>
    public void BeginGroup() => _failed = null;

    /// <summary>Tries a step, unless one of its group has failed.</summary>
    /// <param name="step">Its name, a word or two.</param>
    /// <param name="work">Does it, and says what it found.</param>
    /// <param name="cancellationToken">Ends the trial.</param>
    public async Task TryAsync(string step, Func<CancellationToken, Task<string>> work, CancellationToken cancellationToken)
    {
        if (_failed is not null)
        {
            Skip(step, $"not tried, because '{_failed}' failed");
            return;
        }

        _progress.Begin(step);
        var startedAt = _clock.GetTimestamp();
        try
        {
            var detail = await LimitAsync(work, cancellationToken).ConfigureAwait(false);
            _steps.Add(new TrialStep { Step = step, Duration = _clock.GetElapsedTime(startedAt), Detail = detail });
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && _expected(exception) is not null)
        {
            var error = _expected(exception)!.ToInfo();
            _failed = step;
            _steps.Add(new TrialStep { Step = step, Duration = _clock.GetElapsedTime(startedAt), Detail = error.Message, Error = error });
        }
    }

    /// <summary>Tries what the doctor looks at, too.</summary>
    public Task TryAsync(string step, IServiceCheck check, CancellationToken cancellationToken) => TryAsync(
        step,
        async token => await check.RunAsync(token).ConfigureAwait(false) is var result && result.Status == "fail" ? throw Failed(result) : result.Message,
        cancellationToken);

    /// <summary>There is nothing to try.</summary>
    public void Skip(string step, string why) => _steps.Add(new TrialStep { Step = step, Duration = TimeSpan.Zero, Detail = why, Tried = false });

    /// <summary>Storage and file systems that hang do not always hear that nobody waits for them any more.</summary>
    private async Task<string> LimitAsync(Func<CancellationToken, Task<string>> work, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(TimeLimit, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            return await Task.Run(() => work(limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(ErrorCodes.DeadlinePassed, $"no answer within {TimeLimit.TotalSeconds:0} seconds", "Look at the load of what was asked, and at the network between it and this worker.");
        }
    }

    private static BackupException Failed(CheckResult result) =>
        new(ErrorCodes.ChecksFailed, result.Message, result.Remedy.Count == 0 ? null : string.Join(' ', result.Remedy));
}
