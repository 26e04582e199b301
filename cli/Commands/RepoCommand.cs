using System.CommandLine;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Commands;

/// <summary>A command that works on a repository itself, without any server: the options that name it, and the end of its failures.</summary>
internal abstract class RepoCommand : StellaCommand
{
    private readonly RepositoryFlags _flags = new();
    private readonly SpanOption _retryLock = new("--retry-lock", "How long to try again while others hold a lock that is in the way, by default not at all", orNone: true);

    protected RepoCommand(string name, string description)
        : base(name, description)
    {
        foreach (var option in _flags.All)
        {
            Add(option);
        }

        Add(_retryLock);
    }

    /// <summary>Why a run may be interrupted at any time: what is left, and what the next run makes of it.</summary>
    protected virtual string AfterInterrupt => "Nothing half-written is left that anything refers to; run the command again when wanted.";

    /// <summary>Does the work; the answer is the exit status.</summary>
    protected abstract Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken);

    protected sealed override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            await using var run = new RepositoryRun(session, parsed, _flags, parsed.GetValue(_retryLock) ?? TimeSpan.Zero);
            return await RunAsync(run, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(ErrorCodes.Interrupted, "interrupted", AfterInterrupt);
        }
        catch (Exception e) when (e is not BackupException && RepositoryFailures.Expected(e) is { } expected)
        {
            throw expected;
        }
    }

    protected void AddAll(params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
        {
            Add(option);
        }
    }
}
