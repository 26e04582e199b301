using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Manifests;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Reading;

/// <summary>An archive beside another one of its point that is to be written: does it bring back the same, in the same way?</summary>
public sealed record ArchiveComparison
{
    /// <summary>Both hold the same snapshots.</summary>
    public required bool Same { get; init; }

    /// <summary>Names of the components of which the archive has snapshots that the other one is not to have.</summary>
    public required IReadOnlyList<string> Only { get; init; }

    /// <summary>Each of its repositories is the same one, and a password that opens the other opens it, too.</summary>
    public required bool OpensAlike { get; init; }

    /// <summary>The key that signed the other one has signed it, too.</summary>
    public required bool SignedAlike { get; init; }

    /// <summary>Compares them.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="plan">The other one.</param>
    /// <param name="content">Reads a small file of the other one, by its path.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/> or <see cref="ErrorCodes.VersionMismatch"/>.</exception>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task<ArchiveComparison> CompareAsync(ArchiveStore archive, ArchivePlan plan, Func<string, byte[]> content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(content);
        var path = StoredPoint.At(archive.Manifest.PointId, archive.Manifest.PointStartedAt).Key;
        var held = SnapshotsOf(await archive.ReadWholeAsync(path, cancellationToken).ConfigureAwait(false));
        var wanted = SnapshotsOf(content(path));
        return new ArchiveComparison
        {
            Same = held.SetEquals(wanted),
            Only = [.. held.Except(wanted).Select(snapshot => snapshot.Component.Name()).Distinct().Order(StringComparer.Ordinal)],
            OpensAlike = OpenAlike(archive.Layout, plan.Layout),
            SignedAlike = HasSigned(plan.Manifest.PublicKey, archive.Envelope),
        };
    }

    private static HashSet<(Component Component, string? Cluster, string Id)> SnapshotsOf(byte[] envelope) =>
        [.. ManifestCodec.Decode(SignedEnvelope.Parse(envelope).Payload).Components.Select(snapshot => (snapshot.Component, snapshot.Cluster, snapshot.SnapshotId))];

    /// <summary>
    /// A key file is the master key under one password, and goes with it; the config is encrypted with the master key. So whoever may open the repositories today opens the
    /// archive, too, where the configs are the same and each has a key file that is there still.
    /// </summary>
    private static bool OpenAlike(ArchiveLayout held, ArchiveLayout wanted)
    {
        var there = Openers(held);
        return Openers(wanted).All(files => files.Intersect(there[files.Key], StringComparer.Ordinal).Any());
    }

    /// <summary>Digests of the config and of the key files of each repository.</summary>
    private static ILookup<(string Component, bool IsKey), string> Openers(ArchiveLayout layout)
    {
        const string Config = "config", Keys = "keys/";
        return layout.Members.Select(placed => placed.Member)
            .Select(member => (member.Sha256, Slash: member.Path.IndexOf('/', StringComparison.Ordinal), member.Path))
            .Where(file => file.Slash > 0)
            .Select(file => (file.Sha256, Component: file.Path[..file.Slash], File: file.Path[(file.Slash + 1)..]))
            .Where(file => file.File == Config || file.File.StartsWith(Keys, StringComparison.Ordinal))
            .ToLookup(file => (file.Component, file.File != Config), file => file.Sha256);
    }

    private static bool HasSigned(string publicKey, SignedEnvelope envelope)
    {
        using var verifier = PointVerifier.FromPem(publicKey);
        try
        {
            verifier.Require(envelope);
            return true;
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.BadSignature)
        {
            return false;
        }
    }
}
