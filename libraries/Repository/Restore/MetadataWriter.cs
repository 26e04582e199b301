using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Gives entries the owner, attributes, permissions and times of their nodes.</summary>
internal sealed class MetadataWriter(OwnerMap owners, RestoreWarnings warnings)
{
    private const uint SetIdBits = 0xc00; // setuid and setgid

    private static readonly EntryName Here = new(".");

    /// <summary>Applies a directory's own metadata, after all its entries are in place.</summary>
    public void Apply(OpenDirectory directory, Node node, string path) => Apply(directory, Here, node, path);

    /// <summary>Applies metadata to an entry of an open directory.</summary>
    public void Apply(OpenDirectory directory, EntryName name, Node node, string path) => Apply(new EntryTarget(directory, name), node, path);

    /// <summary>Applies metadata.</summary>
    public void Apply<T>(T target, Node node, string path)
        where T : struct, IMetadataTarget
    {
        // A change of owner clears setuid bits and capabilities: owner first, then attributes, then permissions.
        var ownerSet = SetOwner(target, node, path);
        if (node.Metadata.ExtendedAttributes.Count > 0 || target.MayHaveAttributes)
        {
            SetAttributes(target.AttributesPath, node, path);
        }

        if (node.Type != NodeType.Symlink)
        {
            SetPermissions(target, node, ownerSet, path);
        }

        if (!target.TrySetTimes(node.Metadata.Accessed, node.Metadata.Modified))
        {
            warnings.Add($"times not restored ({LinuxError.LastText})", path);
        }
    }

    private bool SetOwner<T>(T target, Node node, string path)
        where T : struct, IMetadataTarget
    {
        var (user, group) = owners.Map(node);
        var now = target.Status;
        if ((now?.UserId == user && now?.GroupId == group) || target.TrySetOwner(user, group))
        {
            return true;
        }

        warnings.Add($"owner not restored ({LinuxError.LastText})", path);
        return false;
    }

    private void SetPermissions<T>(T target, Node node, bool ownerSet, string path)
        where T : struct, IMetadataTarget
    {
        // With another owner than it was saved with, a program must not run as that owner.
        var permissions = ownerSet ? node.Metadata.Permissions : node.Metadata.Permissions & ~SetIdBits;
        if (permissions != node.Metadata.Permissions)
        {
            warnings.Add("setuid and setgid not restored without the owner", path);
        }

        if (!target.TrySetPermissions(permissions))
        {
            warnings.Add($"permissions not restored ({LinuxError.LastText})", path);
        }
    }

    private void SetAttributes(byte[] file, Node node, string path)
    {
        var wanted = node.Metadata.ExtendedAttributes;
        if (!Attributes.TryRead(file, follow: false, out var present))
        {
            warnings.Add($"extended attributes not compared ({LinuxError.LastText})", path);
        }

        foreach (var attribute in wanted)
        {
            var same = present.Any(other => other.Name == attribute.Name && other.Value.Span.SequenceEqual(attribute.Value.Span));
            if (!same && !Attributes.TryWrite(file, attribute))
            {
                warnings.Add($"extended attribute {attribute.Name} not restored ({LinuxError.LastText})", path);
            }
        }

        foreach (var name in present.Select(attribute => attribute.Name).Except(wanted.Select(attribute => attribute.Name)).Where(GrantsOrBelongsToUser))
        {
            if (!Attributes.TryRemove(file, name))
            {
                warnings.Add($"extended attribute {name} not removed ({LinuxError.LastText})", path);
            }
        }
    }

    // Labels such as security.selinux come from the machine and stay.
    private static bool GrantsOrBelongsToUser(string name) =>
        name.StartsWith("user.", StringComparison.Ordinal) || name.StartsWith("system.posix_acl_", StringComparison.Ordinal) || name == "security.capability";
}
