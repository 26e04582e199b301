namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>Queues between coordinators; those that workers know are in Hosting.</summary>
internal static class CoordinatorQueues
{
    public const string Sealing = "coordinator-sealing";
    public const string Announcements = "coordinator-announcements";
}
