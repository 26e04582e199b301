using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>A new repository: two backups of generated files, the second of a few changes; then a verify, a restore of the second, and one of the first over it.</summary>
internal sealed class RoundTrip(IObjectStore store, string target)
{
    private const string Password = "self-test";

    private static readonly RepositoryOptions Options = new() { Kdf = new KdfParameters(16, 8, 1), PackTarget = 1 << 20 };

    /// <exception cref="SelfTestException">What comes back is not what was saved.</exception>
    public async Task RunAsync(int seed, CancellationToken cancellationToken)
    {
        var before = GeneratedFile.Set(seed);
        var after = before.Select((file, number) => number % 3 == 0 ? file.Change() : file).ToList();
        var created = await ResticRepository.InitAsync(store, Password, Options, cancellationToken).ConfigureAwait(false);
        await using var _ = created.ConfigureAwait(false);
        var first = await BackUpAsync(created, before, parent: null, cancellationToken).ConfigureAwait(false);
        var second = await BackUpAsync(created, after, first, cancellationToken).ConfigureAwait(false);

        var opened = await ResticRepository.OpenAsync(store, Password, Options, cancellationToken).ConfigureAwait(false);
        await using var __ = opened.ConfigureAwait(false);
        await opened.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        var verified = await opened.VerifyAsync(new VerifyRequest(), cancellationToken).ConfigureAwait(false);
        if (verified.Damages.Count > 0)
        {
            throw new SelfTestException($"what was just stored does not verify: {verified.Damages[0].Detail}");
        }

        await RestoreAsync(opened, second, after, cancellationToken).ConfigureAwait(false);
        await RestoreAsync(opened, first, before, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<Snapshot> BackUpAsync(ResticRepository repository, IReadOnlyList<GeneratedFile> files, Snapshot? parent, CancellationToken cancellationToken)
    {
        var request = new ArchiveRequest { Paths = ["/"], Hostname = "self-test", Parent = parent, TrustedBefore = DateTimeOffset.UnixEpoch.AddHours(1), Readers = 2 };
        var saved = await new Archiver(repository, TimeProvider.System).RunAsync(new GeneratedSource(files), request, cancellationToken).ConfigureAwait(false);
        return saved.Problems.Count == 0 ? saved.Snapshot : throw new SelfTestException($"{saved.Problems[0].Path} could not be saved: {saved.Problems[0].Reason}");
    }

    private async Task RestoreAsync(ResticRepository repository, Snapshot snapshot, IReadOnlyList<GeneratedFile> files, CancellationToken cancellationToken)
    {
        var request = new RestoreRequest { Snapshot = snapshot, TargetDirectory = target, DeleteExtra = true, VerifyFirst = true, Sparse = false };
        await new Restorer(repository).RunAsync(request, cancellationToken).ConfigureAwait(false);
        foreach (var file in files)
        {
            var restored = await File.ReadAllBytesAsync(Path.Combine(target, file.Name), cancellationToken).ConfigureAwait(false);
            if (!restored.AsSpan().SequenceEqual(file.Content))
            {
                throw new SelfTestException($"'{file.Name}' comes back as something else than was saved");
            }
        }
    }
}
