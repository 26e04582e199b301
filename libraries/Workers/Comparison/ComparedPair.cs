using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>An entry that both sides have, with the same type.</summary>
internal readonly record struct ComparedPair(RelativePath Path, Node Node, SourceEntry Entry);
