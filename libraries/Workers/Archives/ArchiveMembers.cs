using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Archives;

/// <summary>Where the files of an archive come from: the command, the objects that the first stage left, and the repositories of the location.</summary>
internal sealed class ArchiveMembers(IObjectStore location, Guid operationId, ArchiveSpec spec)
{
    private const string Index = "index/";

    /// <summary>Of an archive.</summary>
    private const int LargestFile = 1 << 30;

    private readonly Dictionary<string, byte[]> _small = spec.Files.ToDictionary(file => file.Path, file => Encoding.UTF8.GetBytes(file.Content), StringComparer.Ordinal);

    public async Task<ArchivePlan> PlanAsync(CancellationToken cancellationToken)
    {
        var manifest = spec.Manifest ?? throw new BackupException(ErrorCodes.VersionMismatch, "the command has no manifest", "Install the same version of coordinator and workers.");
        var first = Encoding.UTF8.GetBytes(manifest);
        _small[ArchiveOpening.ManifestPath] = first;
        var lists = new List<byte[]>();
        foreach (var part in spec.Parts)
        {
            var list = await location.ReadAllAsync(ArchiveExchange.List(operationId, part.Component), LargestFile, cancellationToken).ConfigureAwait(false);
            _small[ArchiveExchange.ListPath(part.Component)] = list;
            lists.Add(list);
        }

        return ArchivePlan.Make(first, lists);
    }

    public async ValueTask<byte[]> ReadAsync(ArchiveMember member, CancellationToken cancellationToken) =>
        _small.TryGetValue(member.Path, out var content)
            ? content
            : await location.ReadAllAsync(KeyOf(member.Path), LargestFile, cancellationToken).ConfigureAwait(false);

    /// <summary><c>config/data/00/00ff…</c> is in the folder of the repository that was in charge, a new index file in that of the operation.</summary>
    private string KeyOf(string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var part = spec.Parts.FirstOrDefault(part => slash > 0 && path.AsSpan(0, slash).SequenceEqual(part.Component.Name()))
            ?? throw new BackupException(ErrorCodes.Damaged, $"a list of the copy names {path}, which is of none of its components");
        var key = path[(slash + 1)..];
        return key.StartsWith(Index, StringComparison.Ordinal) ? ArchiveExchange.Indexes(operationId, part.Component) + key[Index.Length..] : $"{part.Folder}/{key}";
    }

}
