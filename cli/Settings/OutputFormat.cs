namespace StellaOps.Backup.Cli.Settings;

/// <summary>What standard output holds.</summary>
internal enum OutputFormat
{
    /// <summary>Text for humans.</summary>
    Table,

    /// <summary>One JSON document: the API's answer.</summary>
    Json,

    /// <summary>One JSON document a line, as things happen.</summary>
    Ndjson,
}
