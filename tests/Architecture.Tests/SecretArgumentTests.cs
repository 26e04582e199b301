using System.Text.RegularExpressions;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>All accounts of a machine see the arguments of its commands: a secret comes from a file, a variable or standard input.</summary>
public sealed partial class SecretArgumentTests
{
    [Fact]
    public void No_command_of_the_deployment_or_the_documents_has_a_secret_among_its_arguments()
    {
        var files = SourceTree.Files().Where(file => SourceTree.Name(file) is var name
            && (name == "README.md" || name.StartsWith("deploy/", StringComparison.Ordinal) || name.StartsWith("docs/", StringComparison.Ordinal)));
        var found = files.SelectMany(file => SecretArgument().Matches(File.ReadAllText(file)).Select(match => $"{SourceTree.Name(file)}: {match.Value}")).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("curl -H \"Authorization: Bearer $(cat token)\"")]
    [InlineData("curl -u \"stella:$(cat password)\"")]
    [InlineData("psql -c \"CREATE ROLE a LOGIN PASSWORD '$password'\"")]
    [InlineData("psql -v role_password=\"'$(cat password)'\" -f role.sql")]
    [InlineData("stella --token \"$(cat token)\" backup list")]
    public void What_it_looks_for_is_found(string command) => Assert.Matches(SecretArgument(), command);

    [Theory]
    [InlineData("curl -H @<(printf 'Authorization: Bearer %s\\n' \"$(cat token)\")")]
    [InlineData("PGPASSWORD=$(cat password) psql -U stella_backup")]
    public void What_is_no_argument_is_not_found(string command) => Assert.DoesNotMatch(SecretArgument(), command);

    [GeneratedRegex("""Bearer \$|PASSWORD '\$|-v \w*password=|--token "?\$|(-u|--user) "?\w+:\$""")]
    private static partial Regex SecretArgument();
}
