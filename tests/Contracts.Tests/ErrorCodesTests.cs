using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Contracts.Tests;

public sealed partial class ErrorCodesTests
{
    private const string Document = "docs/errors.md";

    private static readonly int[] ExitStatuses = [1, 2, 3, 4, 5, 10, 20, 21, 22, 23, 24, 25, 130];

    [Fact]
    public void The_table_holds_every_row_once()
    {
        var fields = typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.FieldType == typeof(ErrorCode)).Select(field => (ErrorCode)field.GetValue(null)!);
        Assert.Equal(fields.Select(row => row.Code).Order(StringComparer.Ordinal), ErrorCodes.All.Select(row => row.Code).Order(StringComparer.Ordinal));
        Assert.Distinct(ErrorCodes.All.Select(row => row.Code));
    }

    [Fact]
    public void Every_row_is_found_by_its_code_and_an_unknown_code_is_unexpected()
    {
        Assert.All(ErrorCodes.All, row => Assert.Same(row, ErrorCodes.Find(row.Code)));
        Assert.Same(ErrorCodes.Unexpected, ErrorCodes.Find("of.a-newer-version"));
    }

    [Fact]
    public void Exit_statuses_are_those_that_are_documented() =>
        Assert.All(ErrorCodes.All, row => Assert.Contains(row.ExitStatus, ExitStatuses));

    [Fact]
    public void What_may_succeed_later_says_so_by_its_exit_status() =>
        Assert.All(ErrorCodes.All.Where(row => row != ErrorCodes.StorageFull), row => Assert.Equal(row.ExitStatus == 10, row.Retryable));

    [Fact]
    public void Codes_statuses_and_hints_have_their_form() => Assert.All(ErrorCodes.All, row =>
    {
        Assert.Matches(Code(), row.Code);
        Assert.InRange(row.HttpStatus, 400, 599);
        Assert.Matches(Hint(), row.Hint);
    });

    [Fact]
    public void The_document_is_the_table()
    {
        var text = File.ReadAllText(Path.Combine(Golden.Root, Document));
        var start = text.IndexOf("| code |", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Document} has lost its table");
        var table = new StringBuilder("| code | exit | HTTP | may succeed later | what to do |\n|---|---|---|---|---|\n");
        foreach (var row in ErrorCodes.All)
        {
            table.Append(CultureInfo.InvariantCulture, $"| `{row.Code}` | {row.ExitStatus} | {row.HttpStatus} | {(row.Retryable ? "yes" : "no")} | {row.Hint} |\n");
        }

        Golden.Match(Document, text[..start] + table);
    }

    [GeneratedRegex(@"^[a-z]+(\.[a-z]+(-[a-z]+)*)?$")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[A-Z'].*[.a-z]$")]
    private static partial Regex Hint();
}
