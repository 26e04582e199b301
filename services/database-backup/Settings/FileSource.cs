namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>From where a base backup reads the files of the cluster.</summary>
internal enum FileSource
{
    /// <summary>From the directory where it is proven to be the server's, else over SQL.</summary>
    Auto,

    /// <summary>Over SQL connections.</summary>
    Sql,

    /// <summary>From the directory; the backup fails where it is not proven to be the server's.</summary>
    Directory,
}
