using System.Security.Cryptography;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Points.Signing;

namespace StellaOps.Backup.Portable.Writing;

/// <summary>An archive that is to be written: every byte of it is decided.</summary>
public sealed class ArchivePlan
{
    private ArchivePlan(ArchiveManifest manifest, string manifestSha256, ArchiveLayout layout) =>
        (Manifest, ManifestSha256, Layout) = (manifest, manifestSha256, layout);

    public ArchiveManifest Manifest { get; }

    /// <summary>SHA-256 of the first file, lower hex: an archive that has it is this one.</summary>
    public string ManifestSha256 { get; }

    /// <summary>Bytes of the archive.</summary>
    public long Length => Layout.Length;

    /// <summary>Files in it.</summary>
    public int Files => Layout.Members.Count;

    internal ArchiveLayout Layout { get; }

    /// <summary>Decides on an archive.</summary>
    /// <param name="envelope">The signed manifest, as <see cref="ArchiveManifestCodec.Sign"/> made it.</param>
    /// <param name="lists">Contents of the manifest's lists, in their order, with the digests that it has.</param>
    /// <exception cref="Contracts.Errors.BackupException">Not a manifest, or not its lists.</exception>
    public static ArchivePlan Make(byte[] envelope, IReadOnlyList<byte[]> lists)
    {
        ArgumentNullException.ThrowIfNull(lists);
        var manifest = ArchiveManifestCodec.Decode(SignedEnvelope.Parse(envelope));
        var digest = Convert.ToHexStringLower(SHA256.HashData(envelope));
        var layout = new ArchiveLayout();
        layout.Add([new ArchiveMember { Path = ArchiveOpening.ManifestPath, Length = envelope.Length, Sha256 = digest }]);
        layout.Add(manifest.Members);
        foreach (var list in lists)
        {
            layout.Add(MemberList.Decode(list));
        }

        return new ArchivePlan(manifest, digest, layout);
    }
}
