using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Who owns restored entries.</summary>
public sealed class OwnerMap
{
    private readonly Func<Node, (uint User, uint Group)> _map;

    private OwnerMap(Func<Node, (uint User, uint Group)> map) => _map = map;

    /// <summary>The numeric ids that the snapshot holds.</summary>
    public static OwnerMap Keep { get; } = new(node => (node.Metadata.UserId, node.Metadata.GroupId));

    /// <summary>One owner for everything.</summary>
    public static OwnerMap Fixed(uint user, uint group) => new(_ => (user, group));

    /// <summary>An owner for each entry.</summary>
    public static OwnerMap By(Func<Node, (uint User, uint Group)> map) => new(map);

    internal (uint User, uint Group) Map(Node node) => _map(node);
}
