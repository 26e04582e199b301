using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>Lists of any length: printed while they are found, in every format.</summary>
internal static class LinePrinting
{
    /// <param name="session">The run.</param>
    /// <param name="items">What is listed.</param>
    /// <param name="line">An item as text.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <returns>How many there were.</returns>
    public static async Task<long> PrintLinesAsync<T>(
        this Session session, IAsyncEnumerable<T> items, Func<T, string> line, CancellationToken cancellationToken)
    {
        var (output, format) = (session.Terminal.Out, session.Settings.Format);
        output.Write(format == OutputFormat.Json ? "{\"items\":[" : "");
        long count = 0;
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            var text = format == OutputFormat.Table ? line(item) : ApiJson.Line(item);
            output.Write(format == OutputFormat.Json ? (count == 0 ? "\n" : ",\n") + text : text + "\n");
            count++;
        }

        output.Write(format == OutputFormat.Json ? "\n]}\n" : "");
        return count;
    }
}
