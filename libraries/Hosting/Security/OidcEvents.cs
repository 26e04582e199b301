using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Errors;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>Before the keys of the provider were ever had, no token of it can be checked: it may well be valid, and is not called invalid.</summary>
internal sealed partial class OidcEvents(ILogger<OidcEvents> logger) : JwtBearerEvents
{
    /// <summary>Longest wait for the provider, of a request and of its question: requests that find it silent ask it one after the other.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Keys that were had once are kept, and asked for again beside the requests: none waits here after that.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        var aborted = context.HttpContext.RequestAborted;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        patience.CancelAfter(Patience);
        try
        {
            // The question itself is of all requests, and goes on when one has no patience left.
            await context.Options.ConfigurationManager!.GetConfigurationAsync(patience.Token).WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException && !aborted.IsCancellationRequested)
        {
            LogSilent(logger, context.Options.Authority, e.GetBaseException().Message);
            context.Fail(new BackupException(
                ErrorCodes.Unhealthy,
                $"the token cannot be checked: the identity provider {context.Options.Authority} does not answer",
                "Check that the provider runs, and Auth:Oidc:Authority. Until it answers, use a key of Auth:Keys or the bootstrap key.",
                e));
        }
    }

    public override async Task Challenge(JwtBearerChallengeContext context)
    {
        if (context.AuthenticateFailure is BackupException failure)
        {
            context.HandleResponse();
            await ErrorAnswer.WriteAsync(context.HttpContext, failure.Error, failure.Message, failure.Hint).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "no token of {Authority} can be checked, because it does not answer: {Problem}; keys of Auth:Keys and the bootstrap key are accepted meanwhile")]
    private static partial void LogSilent(ILogger logger, string? authority, string problem);
}
