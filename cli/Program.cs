using System.CommandLine;
using StellaOps.Backup.Cli;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;

// What other programs answer to.
string[] words = args switch
{
    ["help", .. var command] => [.. command, "--help"],
    ["--version", .. var rest] => ["version", .. rest],
    _ => args,
};

// A word that starts with @ is a word: no response files.
var parsed = new StellaRoot().Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (UsageError.Find(parsed) is { } failure)
{
    ErrorWriter.Write(Console.Error, GlobalOptions.FormatForErrors(parsed), failure, traceId: null, verbose: false);
    return failure.Error.ExitStatus;
}

using var interrupts = new Interrupts();
return await parsed.InvokeAsync(
    new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
    interrupts.Token);
