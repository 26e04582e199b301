using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Commands;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. All(new StellaRoot(), "stella").Select(command => command.Path)];

    [Fact]
    public void The_exit_statuses_in_the_help_are_those_of_the_error_table() => Assert.Equal(
        ErrorCodes.All.Select(row => row.ExitStatus).Append(0).Distinct().Order(),
        StellaRoot.ExitStatuses.Select(row => int.Parse(row.Status, CultureInfo.InvariantCulture)));

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_and_option_is_described_in_one_line(string path)
    {
        var command = All(new StellaRoot(), "stella").Single(one => one.Path == path).Command;
        Assert.NotEmpty(command.Description!);
        Assert.DoesNotContain('\n', command.Description!);
        Assert.All(command.Options.Where(option => option is not System.CommandLine.Help.HelpOption), option => Assert.NotEmpty(option.Description!));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_is_a_command_line_that_is_accepted(string path)
    {
        var root = new StellaRoot();
        if (All(root, "stella").Single(one => one.Path == path).Command is not StellaCommand command)
        {
            return;
        }

        Assert.NotEmpty(command.Examples);
        Assert.All(command.Examples.SelectMany(example => example.Split(" && ")), example =>
        {
            Assert.StartsWith("stella ", example, StringComparison.Ordinal);
            Assert.Empty(root.Parse(example["stella ".Length..]).Errors);
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void An_option_that_is_none_is_refused_with_2_and_a_word_on_what_is_accepted(string path)
    {
        var failure = UsageError.Find(new StellaRoot().Parse($"{path["stella".Length..]} --no-such-option"));
        Assert.Equal(2, failure?.Error.ExitStatus);
        Assert.Contains($"'{path} --help' shows what is accepted", failure!.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keygen --post-quantun identity.txt", "Did you mean '--post-quantum'?")]
    [InlineData("repo backup --repo /srv/r --exlude cache /srv/data", "Did you mean '--exclude'?")]
    [InlineData("repo backup --repo /srv/r -- --exlude", null)]
    [InlineData("repo backup --repo /srv/r /srv/data --tag -x", null)]
    public void A_mistyped_option_is_not_taken_for_a_file(string line, string? meant)
    {
        var failure = UsageError.Find(new StellaRoot().Parse(line));
        Assert.Equal(meant is null, failure is null);
        Assert.StartsWith(meant ?? "", failure?.Hint ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_line_of_the_help_is_wider_than_100_columns()
    {
        foreach (var (path, _) in All(new StellaRoot(), "stella"))
        {
            var output = new StringWriter();
            await new StellaRoot().Parse($"{path["stella".Length..]} --help").InvokeAsync(
                new InvocationConfiguration { Output = output }, TestContext.Current.CancellationToken);
            Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        }
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(sub => All(sub, $"{path} {sub.Name}")).Prepend((path, command));
}
