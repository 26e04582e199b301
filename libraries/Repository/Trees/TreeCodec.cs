using System.Buffers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>
/// Tree blobs byte for byte as restic writes them (restic design, "Trees and Data"), so that the same directory has the same
/// id whoever saved it.
/// </summary>
public static class TreeCodec
{
    /// <summary>Appends the tree's JSON, which ends with a line feed.</summary>
    /// <param name="nodes">In ascending order of the names' bytes, each name once.</param>
    /// <param name="destination">Receives the plaintext of the tree blob.</param>
    public static void Encode(IEnumerable<Node> nodes, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(destination);
        destination.Write("{\"nodes\":["u8);
        Node? previous = null;
        foreach (var node in nodes)
        {
            if (previous is not null)
            {
                if (previous.Name >= node.Name)
                {
                    throw new ArgumentException($"nodes are not in order at '{node.Name}'", nameof(nodes));
                }

                destination.Write(","u8);
            }

            NodeWriter.Write(node, destination);
            previous = node;
        }

        destination.Write("]}\n"u8);
    }

    /// <summary>Reads a tree; keys that are not known are skipped.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Hostile"/>: a name that is no file name, is out of order, or comes twice.
    /// <see cref="RepositoryFailure.Damaged"/>: not the JSON of a tree. <see cref="RepositoryFailure.Unsupported"/>: a type of
    /// node that is not known.
    /// </exception>
    public static Tree Decode(ReadOnlySpan<byte> json)
    {
        var nodes = NodeReader.ReadAll(json);
        for (var i = 1; i < nodes.Count; i++)
        {
            if (nodes[i - 1].Name >= nodes[i].Name)
            {
                throw new RepositoryException(RepositoryFailure.Hostile, $"a tree holds '{nodes[i].Name}' twice or out of order");
            }
        }

        return new Tree(nodes);
    }
}
