using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Hosting.Tests.Announcements;

public sealed class CheckRunnerTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task What_a_check_throws_is_its_result_and_no_other_ones()
    {
        using var runner = Runner(
            new Check("check.refused", _ => throw new BackupException(ErrorCodes.NotConfigured, "not set", "set it")),
            new Check("check.broken", _ => throw new InvalidOperationException("defect")),
            new Check("check.fine", _ => Task.FromResult("pass")));
        var results = await runner.LookAsync([], TestContext.Current.CancellationToken);
        Assert.Equal(["fail", "fail", "pass"], results.Select(result => result.Status));
        Assert.Equal(("not set", "set it"), (results[0].Message, results[0].Remedy.Single()));
    }

    [Fact]
    public async Task A_check_that_hangs_fails_after_ten_seconds_although_it_ignores_its_token()
    {
        var entered = new TaskCompletionSource();
        var never = new TaskCompletionSource<string>();
        using var runner = Runner(new Check("check.hangs", _ =>
        {
            entered.SetResult();
            return never.Task;
        }));
        var running = runner.LookAsync([], TestContext.Current.CancellationToken);
        await entered.Task;
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("fail", (await running).Single().Status);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_check_that_hangs_is_not_begun_again_before_it_ends()
    {
        var looks = 0;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hanging = new TaskCompletionSource<string>();
        using var runner = Runner(new Check("check.hangs", _ =>
        {
            looks++;
            entered.TrySetResult();
            return hanging.Task;
        }));
        var first = runner.LookAsync([], TestContext.Current.CancellationToken);
        await entered.Task;
        _clock.Advance(TimeSpan.FromSeconds(11));
        await first;
        for (var round = 0; round < 3; round++)
        {
            _clock.Advance(TimeSpan.FromSeconds(30));
            var result = (await runner.LookAsync([], TestContext.Current.CancellationToken)).Single();
            Assert.Equal("fail", result.Status);
            Assert.Contains("still running since 2000-01-01T00:00:00Z", result.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, looks);
        hanging.SetResult("pass");
        while ((await runner.LookAsync([], TestContext.Current.CancellationToken)).Single().Status != "pass")
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Equal(2, looks);
    }

    [Fact]
    public async Task Only_checks_that_are_wanted_run_and_the_others_keep_what_they_saw()
    {
        var looks = 0;
        using var runner = Runner(
            new Check("check.wanted", _ => Task.FromResult($"{++looks}")),
            new Check("check.other", _ => Task.FromResult($"{++looks}")));
        await runner.LookAsync(["check.other"], TestContext.Current.CancellationToken);
        Assert.Equal("check.other", runner.Results.Single().Check);
        await runner.LookAsync(["check.wanted"], TestContext.Current.CancellationToken);
        Assert.Equal(["2", "1"], runner.Results.Select(result => result.Status));
    }

    [Fact]
    public async Task A_look_that_began_earlier_and_ends_later_does_not_hide_what_was_seen_since()
    {
        var entered = new TaskCompletionSource();
        var slow = new TaskCompletionSource<string>();
        var looks = 0;
        using var runner = Runner(new Check("check.server", _ =>
        {
            // The test goes on within TrySetResult, and looks again: this is the first one all the same.
            var look = ++looks;
            entered.TrySetResult();
            return look == 1 ? slow.Task : Task.FromResult("fail");
        }));
        var first = runner.LookAsync([], TestContext.Current.CancellationToken);
        await entered.Task;
        _clock.Advance(TimeSpan.FromSeconds(1));
        await runner.LookAsync([], TestContext.Current.CancellationToken);
        slow.SetResult("pass");
        Assert.Equal("pass", (await first).Single().Status);
        Assert.Equal("fail", runner.Results.Single().Status);
    }

    private CheckRunner Runner(params IServiceCheck[] checks) => new(checks, _clock, NullLogger<CheckRunner>.Instance);

    private sealed class Check(string id, Func<CancellationToken, Task<string>> run) : IServiceCheck
    {
        public string Id => id;

        public string Category => "test";

        public async Task<CheckResult> RunAsync(CancellationToken cancellationToken) =>
            new() { Check = id, Status = await run(cancellationToken), Message = "looked" };
    }
}
