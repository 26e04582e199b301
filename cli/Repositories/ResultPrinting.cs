using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>How commands that work on a repository print what came of it.</summary>
internal static class ResultPrinting
{
    /// <summary>Prints the result of work that has progress: in lines of JSON as <c>{"result":…}</c>, the last one.</summary>
    public static void PrintResult<T>(this Session session, T result, Action<TextWriter> table)
    {
        if (session.Settings.Format == OutputFormat.Ndjson)
        {
            session.Terminal.Out.WriteLine(ApiJson.Line("result", result));
            return;
        }

        session.Print(result, table);
    }
}
