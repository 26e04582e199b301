using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>
/// Finds a machine with a broken memory, processor or library before it saves or restores anything: known answers of the primitives, then backups into
/// repositories of its own, restores of them, and a comparison of every byte. What the first task of a process needs is compiled and optimized after it.
/// </summary>
public sealed class EngineSelfTest
{
    // In the first one most of the time goes into compiling; methods that were called 30 times are compiled once more, beside the others.
    private const int Rounds = 3;

    private readonly CipherSuite _suite;
    private readonly Func<string, IObjectStore> _open;

    public EngineSelfTest()
        : this(CipherSuite.Current, directory => new LocalObjectStore(directory))
    {
    }

    /// <param name="suite">Primitives whose answers are compared with the known ones.</param>
    /// <param name="open">Opens the store of a repository in a directory.</param>
    internal EngineSelfTest(CipherSuite suite, Func<string, IObjectStore> open) => (_suite, _open) = (suite, open);

    /// <param name="directory">An empty directory with room for 20 MB; its owner removes what is left in it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SelfTestException">The machine must not be trusted.</exception>
    /// <exception cref="IOException">The directory cannot be used, which says nothing about the machine.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public async Task RunAsync(string directory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(directory);
        KnownAnswers.Check(_suite);
        for (var round = 0; round < Rounds; round++)
        {
            var place = Directory.CreateDirectory(Path.Combine(directory, $"{round}")).FullName;
            await RunRoundAsync(place, round, cancellationToken).ConfigureAwait(false);
            Directory.Delete(place, recursive: true);
        }
    }

    private async Task RunRoundAsync(string place, int round, CancellationToken cancellationToken)
    {
        try
        {
            await new RoundTrip(_open(Path.Combine(place, "repository")), Path.Combine(place, "restored")).RunAsync(round, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException failure)
        {
            throw failure.Failure is RepositoryFailure.TargetRefused or RepositoryFailure.TargetFull
                ? new IOException(failure.Message, failure)
                : new SelfTestException($"what was just stored cannot be read: {failure.Message}", failure);
        }
    }
}
