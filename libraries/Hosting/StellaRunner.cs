using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Hosting;

/// <summary>Runs a service so that a wrong setting ends it with a sentence, not with a stack trace.</summary>
public static class StellaRunner
{
    /// <summary>Builds the service and runs it until it is told to stop.</summary>
    /// <param name="name">Name of the service, <c>coordinator</c>, <c>evidence-backup</c> ...</param>
    /// <param name="register">Adds what the service is; <see cref="StellaServiceExtensions.AddStellaService"/> was already called.</param>
    /// <param name="map">Its endpoints; <see cref="StellaServiceExtensions.UseStellaService"/> was already called.</param>
    /// <returns>Exit status: 0 after an orderly stop, 2 when a setting is wrong or missing.</returns>
    public static async Task<int> RunAsync(string name, Action<WebApplicationBuilder> register, Action<WebApplication>? map = null)
    {
        ArgumentNullException.ThrowIfNull(register);
        try
        {
            var builder = WebApplication.CreateBuilder();
            builder.AddStellaService(name);
            register(builder);
            var app = builder.Build();
            await using (app.ConfigureAwait(false))
            {
                // Before anything is made of the settings, so that all wrong ones are told at once.
                app.Services.GetService<IStartupValidator>()?.Validate();
                app.UseStellaService();
                map?.Invoke(app);
                await app.StartAsync().ConfigureAwait(false);
                await app.WaitForShutdownAsync().ConfigureAwait(false);
            }

            return 0;
        }
        catch (OptionsValidationException e)
        {
            return await ReportAsync([e]).ConfigureAwait(false);
        }
        catch (AggregateException e) when (e.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            return await ReportAsync(e.InnerExceptions.Cast<OptionsValidationException>()).ConfigureAwait(false);
        }
        catch (BackupException e)
        {
            await Console.Error.WriteLineAsync($"error: {e.Message}\nnext: {e.Hint}").ConfigureAwait(false);
            return e.Error.ExitStatus;
        }
    }

    /// <summary>Every wrong setting at once, each named in full.</summary>
    private static async Task<int> ReportAsync(IEnumerable<OptionsValidationException> exceptions)
    {
        foreach (var failure in exceptions.SelectMany(exception => exception.Failures).Distinct(StringComparer.Ordinal))
        {
            await Console.Error.WriteLineAsync($"error: {failure}").ConfigureAwait(false);
        }

        return ErrorCodes.NotConfigured.ExitStatus;
    }
}
