using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Cli.Commands;

/// <summary><c>stella keygen</c>: an age identity, for a machine without <c>age-keygen</c>.</summary>
internal sealed class KeygenCommand : StellaCommand
{
    private readonly Argument<string> _file = new("file") { Description = "The new file, readable for its owner only" };
    private readonly Option<bool> _postQuantum = new("--post-quantum") { Description = "A key that quantum computers do not break (ML-KEM-768 and X25519)" };

    public KeygenCommand()
        : base("keygen", "Make an age identity, as age-keygen does, and print its recipient")
    {
        Add(_file);
        Add(_postQuantum);
        Examples = ["stella keygen identity.txt", "stella keygen identity.txt --post-quantum"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(parsed.GetValue(_file)!);
        var (secret, recipient) = Generate(parsed.GetValue(_postQuantum));
        var created = session.Clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await WriteAsync(path, $"# created: {created}\n# public key: {recipient}\n{secret}\n", cancellationToken);
        session.Print(new KeygenView(recipient, path), output => output.WriteLine(recipient));
        return 0;
    }

    private static (string Secret, string Recipient) Generate(bool postQuantum)
    {
        if (postQuantum)
        {
            var hybrid = HybridIdentity.Generate();
            return (hybrid.Export(), hybrid.Recipient.ToString());
        }

        var classic = X25519Identity.Generate();
        return (classic.Export(), classic.Recipient.ToString());
    }

    /// <summary>The file is durable before anything can be encrypted to its recipient, which is printed afterwards.</summary>
    private static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput, $"the identity cannot be written: {e.Message}", "Name a new file in a directory that can be written; an identity is never replaced.", e);
        }
    }

    internal sealed record KeygenView(string Recipient, string File);
}
