using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Section <c>Listen</c>.</summary>
internal sealed class ListenSettings
{
    public const string Section = "Listen";

    /// <summary>Where the service listens; port 0 takes a free one.</summary>
    [Required, RegularExpression("^https?://.+", ErrorMessage = "an http:// or https:// address is wanted")]
    public string Url { get; set; } = "http://127.0.0.1:0";
}
