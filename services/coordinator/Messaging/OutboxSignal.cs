using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>Wakes the relay of this process after a commit. Losing a signal costs time only: the relay also looks by itself.</summary>
internal sealed class OutboxSignal : Bell;
