using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>Changes of a cluster, and what a backup after them cost.</summary>
/// <param name="Transactions">Transactions since the backup before.</param>
/// <param name="Snapshot">Our snapshot.</param>
/// <param name="PeerBackup">The peer's backup.</param>
/// <param name="PeerCost">What it cost.</param>
/// <param name="PeerAdded">Bytes that it added.</param>
internal sealed record ClusterChanges(long Transactions, string Snapshot, string PeerBackup, Measurement PeerCost, long PeerAdded);
