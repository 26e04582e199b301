using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Commands;
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
