using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Sessions;

/// <summary>What one run of a command works with.</summary>
internal sealed class Session(CliSettings settings, Terminal terminal, TimeProvider clock) : IDisposable
{
    private BearerToken? _token;
    private ApiClient? _api;

    public CliSettings Settings => settings;

    public Terminal Terminal => terminal;

    public TimeProvider Clock => clock;

    /// <summary>One for the whole run, as it remembers what it read.</summary>
    public BearerToken Token => _token ??= new BearerToken(settings);

    /// <summary>The server; made when it is first needed, so that a command which needs none asks for none.</summary>
    public ApiClient Api => _api ??= new ApiClient(settings, Token, clock);

    /// <summary>Trace of the last exchange with the server; null when there was none.</summary>
    public string? TraceId
    {
        get => field ?? _api?.TraceId;
        set;
    }

    /// <summary>A line for a human, beside the result.</summary>
    public void Remark(string text)
    {
        if (!settings.Quiet && settings.Format == OutputFormat.Table)
        {
            terminal.Error.WriteLine(text);
        }
    }

    /// <summary>What somebody, or a script, has to know although all went well; unlike a remark it is said in every format.</summary>
    public void Warn(string message, string next) => terminal.Error.WriteLine(
        settings.Format == OutputFormat.Table ? $"stella: warning: {message}\nhint: {next}" : ApiJson.Line("warning", new WarningView(message, next)));

    /// <summary>Prints a result: as the API's JSON, or as the text that <paramref name="table"/> writes.</summary>
    public void Print<T>(T result, Action<TextWriter> table)
    {
        switch (settings.Format)
        {
            case OutputFormat.Json:
                terminal.Out.WriteLine(ApiJson.Document(result));
                break;
            case OutputFormat.Ndjson:
                terminal.Out.WriteLine(ApiJson.Line(result));
                break;
            default:
                table(terminal.Out);
                break;
        }
    }

    /// <summary>Prints a list: in JSON as one page that holds all, in lines as they come, else as the text that <paramref name="table"/> writes.</summary>
    public async Task<int> PrintListAsync<T>(IAsyncEnumerable<T> items, Action<TextWriter, IReadOnlyList<T>> table, CancellationToken cancellationToken)
    {
        if (settings.Format == OutputFormat.Ndjson)
        {
            var count = 0;
            await foreach (var item in items.WithCancellation(cancellationToken))
            {
                terminal.Out.WriteLine(ApiJson.Line(item));
                count++;
            }

            return count;
        }

        var all = await items.ToListAsync(cancellationToken);
        Print(new Page<T> { Items = all }, output => table(output, all));
        return all.Count;
    }

    public void Dispose() => _api?.Dispose();
}
