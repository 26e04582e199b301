using System.CommandLine;
using StellaOps.Backup.Cli.Sessions;

namespace StellaOps.Backup.Cli.Commands;

/// <summary><c>stella completion bash|zsh</c>: a script for the shell, which asks this program what may follow (its directive <c>[suggest]</c>).</summary>
internal sealed class CompletionCommand : StellaCommand
{
    private const string Bash = """
        # bash completion of stella; load it with: source <(stella completion bash)
        _stella() {
          local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n'
          COMPREPLY=($(compgen -W "$(stella "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o bashdefault -o default -F _stella stella
        """;

    private const string Zsh = """
        #compdef stella
        # zsh completion of stella; load it with: source <(stella completion zsh)
        _stella() {
          local line="${(j: :)words[1,CURRENT]}"
          compadd -- ${(f)"$(stella "[suggest:${#line}]" "$line" 2>/dev/null)"} || _files
        }
        compdef _stella stella
        """;

    private readonly Argument<string> _shell = new("SHELL") { Description = "'bash' or 'zsh'" };

    public CompletionCommand()
        : base("completion", "Print a script that completes commands and options in the shell")
    {
        _shell.AcceptOnlyFromAmong("bash", "zsh");
        Add(_shell);
        Examples = ["stella completion bash", "stella completion zsh"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var script = parsed.GetValue(_shell) == "bash" ? Bash : Zsh;
        session.Print(new CompletionView(script), output => output.WriteLine(script));
        return Task.FromResult(0);
    }

    internal sealed record CompletionView(string Script);
}
