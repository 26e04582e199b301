using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Tests.Files;

/// <summary>Cuts every file after so many bytes, as relations of a database are.</summary>
internal sealed class FixedCuts(LocalFileSource inner, int bytes) : IFileSource
{
    public SourceEntry Root => inner.Root;

    public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
        [.. (await inner.ListAsync(directory, cancellationToken)).Select(entry => entry with { Chunking = Chunking.Fixed(bytes) })];

    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) => inner.OpenAsync(file, cancellationToken);
}
