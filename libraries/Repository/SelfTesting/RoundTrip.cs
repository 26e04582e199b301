using System.Globalization;
using System.Text;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>
/// Two backups of a little tree and the restore of each, the second over the first: with the code, on the processor and on the disk of the real ones. Besides,
/// all of that code is compiled then, and the first task after a start does not wait for it.
/// </summary>
public static class RoundTrip
{
    private const string Password = "of a repository that lives for a second";
    private static readonly KdfParameters LowCost = new(N: 1 << 10, R: 8, P: 1);

    /// <param name="directory">Empty; what is left in it is of no use.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SelfTestException">A restored file is not what was saved.</exception>
    /// <exception cref="IOException">The directory cannot be written, or is full.</exception>
    public static async Task RunAsync(string directory, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(directory);
        var (source, target) = (Path.Combine(directory, "source"), Path.Combine(directory, "restored"));
        var (pages, text, small) = (Path.Combine(source, "pages"), Path.Combine(source, "text"), Path.Combine(source, "below", "small"));
        Directory.CreateDirectory(Path.GetDirectoryName(small)!);
        await File.WriteAllBytesAsync(pages, Lines(from: 0, length: 16 * FixedCuts.Bytes), cancellationToken).ConfigureAwait(false);
        await File.WriteAllBytesAsync(text, Lines(from: 1_000_000, length: 600_000), cancellationToken).ConfigureAwait(false);
        await File.WriteAllBytesAsync(small, Lines(from: 2_000_000, length: 1_000), cancellationToken).ConfigureAwait(false);

        var options = new RepositoryOptions { Kdf = LowCost };
        var repository = await ResticRepository.InitAsync(new LocalObjectStore(Path.Combine(directory, "repository")), Password, options, cancellationToken).ConfigureAwait(false);
        await using (repository.ConfigureAwait(false))
        {
            var first = await SaveAsync(repository, source, parent: null, cancellationToken).ConfigureAwait(false);
            await RequireRestoresAsync(repository, first, source, target, cancellationToken).ConfigureAwait(false);

            await File.WriteAllBytesAsync(text, Lines(from: 3_000_000, length: 600_000), cancellationToken).ConfigureAwait(false);
            await ChangeAsync(pages, at: 5 * FixedCuts.Bytes, cancellationToken).ConfigureAwait(false);
            var second = await SaveAsync(repository, source, parent: first, cancellationToken).ConfigureAwait(false);
            await RequireRestoresAsync(repository, second, source, target, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<ArchiveResult> SaveAsync(ResticRepository repository, string source, ArchiveResult? parent, CancellationToken cancellationToken)
    {
        var request = new ArchiveRequest { Paths = [source], Hostname = Environment.MachineName, Parent = parent?.Snapshot };
        return await new Archiver(repository, TimeProvider.System).RunAsync(new FixedCuts(new LocalFileSource([source])), request, cancellationToken).ConfigureAwait(false);
    }

    private static async Task RequireRestoresAsync(ResticRepository repository, ArchiveResult saved, string source, string target, CancellationToken cancellationToken)
    {
        await repository.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        var request = new RestoreRequest { Snapshot = saved.Snapshot, Subtree = source, TargetDirectory = target, DeleteExtra = true, VerifyFirst = VerifyFirst.Everything };
        await new Restorer(repository).RunAsync(request, cancellationToken).ConfigureAwait(false);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var restored = Path.Combine(target, Path.GetRelativePath(source, file));
            var (expected, found) = (await ReadAsync(file).ConfigureAwait(false), File.Exists(restored) ? await ReadAsync(restored).ConfigureAwait(false) : []);
            if (!expected.AsSpan().SequenceEqual(found))
            {
                throw new SelfTestException(
                    $"a file that was backed up and restored is not the same on this machine{(saved.Problems is [var problem, ..] ? $": {problem.Path}: {problem.Reason}" : "")}");
            }
        }

        Task<byte[]> ReadAsync(string file) => File.ReadAllBytesAsync(file, cancellationToken);
    }

    private static async Task ChangeAsync(string file, int at, CancellationToken cancellationToken)
    {
        var open = new FileStream(file, FileMode.Open, FileAccess.Write);
        await using (open.ConfigureAwait(false))
        {
            open.Position = at;
            await open.WriteAsync("changed"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Numbered lines: no two cuts are alike, and all of them can be compressed.</summary>
    private static byte[] Lines(int from, int length)
    {
        var text = new StringBuilder(length + 64);
        for (var number = from; text.Length < length; number++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{number}: line {number * 2_654_435_761L:x}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    /// <summary>A source of which one file is cut at fixed places, as relations are.</summary>
    private sealed class FixedCuts(LocalFileSource source) : IFileSource
    {
        internal const int Bytes = 64 << 10;

        public SourceEntry Root => source.Root;

        public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
            [.. (await source.ListAsync(directory, cancellationToken).ConfigureAwait(false))
                .Select(entry => entry.Name == new EntryName("pages") ? entry with { Chunking = Chunking.Fixed(Bytes) } : entry)];

        public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) => source.OpenAsync(file, cancellationToken);
    }
}
