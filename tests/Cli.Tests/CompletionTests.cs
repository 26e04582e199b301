using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

public sealed class CompletionTests
{
    private const string Complete = """
        PATH="$1:$PATH"; eval "$(stella completion bash)"
        COMP_LINE="$2" COMP_POINT=${#2} COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _stella; printf '%s\n' "${COMPREPLY[@]}"
        """;

    [Theory]
    [InlineData("stella ba", "backup")]
    [InlineData("stella backup cr", "create")]
    [InlineData("stella backup create --clu", "--cluster")]
    [InlineData("stella completion z", "zsh")]
    public async Task Bash_completes_what_the_program_would_accept(string line, string completed)
    {
        var directory = Path.GetDirectoryName(StellaProgram.Path)!;
        var result = await Processes.RunAsync("bash", ["-c", Complete, "bash", directory, line], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((0, $"{completed}\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task The_script_for_zsh_names_its_command()
    {
        var result = await Processes.RunAsync(StellaProgram.Path, ["completion", "zsh"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.StartsWith("#compdef stella\n", result.Output, StringComparison.Ordinal);
    }
}
